/** The checksum of a component's content: docs/format.md §9, "Checksums". */
import { createHash, type Hash } from 'node:crypto';

const SEPARATOR = Buffer.from('  ');
const END = Buffer.from([0]);

/** Fed with every entry of a component, in manifest order. Holds a few hundred bytes. */
export class ListingChecksum {
  readonly #sum: Hash = createHash('sha256');
  #entries = 0;
  #onlyFile: Buffer | null = null;

  addFile(path: Uint8Array, checksum: Buffer): void {
    this.#sum.update(checksum.toString('hex')).update(SEPARATOR).update(path).update(END);
    this.#onlyFile = this.#entries === 0 ? checksum : null;
    this.#entries++;
  }

  /** A folder or a link: not listed, but the component is then more than one file. */
  addOther(): void {
    this.#onlyFile = null;
    this.#entries++;
  }

  /** 32 bytes. No call may follow. */
  digest(): Buffer {
    return this.#onlyFile ?? this.#sum.digest();
  }
}
