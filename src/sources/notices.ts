/** How many sentences are kept; what follows is only counted. */
const MAX_NOTICES = 200;

/** Collects what was left out of a capture, in bounded memory. */
export class Notices {
  readonly #sentences: string[] = [];
  #dropped = 0;

  add(sentence: string): void {
    if (this.#sentences.length < MAX_NOTICES) this.#sentences.push(sentence);
    else this.#dropped += 1;
  }

  /** The sentences so far, with a last one that counts those beyond the limit. */
  list(): string[] {
    return this.#dropped === 0
      ? [...this.#sentences]
      : [...this.#sentences, `And ${this.#dropped} more of this kind`];
  }
}
