import type { FileReader } from '../engine/index.js';
import type { ProgramEnd, RunningProgram } from './running-program.js';

/**
 * Reads a dump while its program writes it. The end is only told when the program has ended well, so that a dump that
 * was cut off never passes for a whole one. Holds what the pipe delivered last, at most 64 KiB.
 */
export class DumpReader implements FileReader {
  readonly #program: RunningProgram;
  readonly #explain: (end: ProgramEnd) => Error;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer;
  #hasEnded = false;

  /**
   * @param explain what to throw when the program did not succeed
   * @param begin comes before what the program writes
   */
  constructor(program: RunningProgram, explain: (end: ProgramEnd) => Error, begin = '') {
    this.#program = program;
    this.#explain = explain;
    this.#rest = Buffer.from(begin);
    this.#chunks = program.output[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  read(buffer: Uint8Array): number | Promise<number> {
    return this.#rest.length > 0 ? this.#take(buffer) : this.#wait(buffer);
  }

  hasChanged(): boolean {
    return false; // one snapshot from its first byte to its last
  }

  close(): void {
    if (!this.#hasEnded) void this.#program.stop(); // awaited by the capture
  }

  async #wait(buffer: Uint8Array): Promise<number> {
    while (this.#rest.length === 0) {
      if (this.#hasEnded) return 0;
      this.#rest = await this.#next();
    }
    return this.#take(buffer);
  }

  /** Nothing only at the end. */
  async #next(): Promise<Buffer> {
    const next = await this.#chunks.next();
    if (next.done !== true) return next.value;
    await this.#program.succeed(this.#explain);
    this.#hasEnded = true;
    return Buffer.alloc(0);
  }

  #take(buffer: Uint8Array): number {
    const count = Math.min(buffer.length, this.#rest.length);
    buffer.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return count;
  }
}
