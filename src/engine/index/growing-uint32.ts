/** A list of 32-bit words that grows by pages, so that growing never copies what is there. */
const PAGE_BITS = 14;
const PAGE_WORDS = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_WORDS - 1;

export class GrowingUint32 {
  readonly #pages: Uint32Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if ((this.#length & PAGE_MASK) === 0) this.#pages.push(new Uint32Array(PAGE_WORDS));
    this.#pages[this.#length >>> PAGE_BITS]![this.#length & PAGE_MASK] = value;
    this.#length++;
  }

  /** The word at `at`, from 0 to `length - 1`. */
  get(at: number): number {
    return this.#pages[at >>> PAGE_BITS]![at & PAGE_MASK]!;
  }
}
