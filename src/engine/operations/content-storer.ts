/**
 * Stores the content of files: reads, cuts into chunks, hashes, and hands new chunks to the writer.
 * Holds one window of 1 MiB; where chunks end does not depend on how much a read returns.
 */
import { createHash, type Hash } from 'node:crypto';
import { MiB } from '../../shared/bytes.js';
import type { ChunkCutter } from '../chunker/chunk-cutter.js';
import type { ChunkKind, ChunkWriter } from '../repository/chunk-writer.js';
import type { FileEnd } from '../snapshot/record.js';

const WINDOW_BYTES = MiB;

/** Fills the buffer with the next bytes of a stream and returns how many; 0 at its end. */
export type ReadBytes = (buffer: Uint8Array) => number | Promise<number>;

/** Takes each chunk of a stream, in order. */
export type OnChunk = (id: Buffer, sizeBytes: number) => Promise<void>;

export class ContentStorer {
  readonly #writer: ChunkWriter;
  readonly #kind: ChunkKind;
  readonly #window = Buffer.allocUnsafeSlow(WINDOW_BYTES);
  #from = 0;
  #to = 0;
  #cutter: ChunkCutter | null = null;

  constructor(writer: ChunkWriter, kind: ChunkKind) {
    this.#writer = writer;
    this.#kind = kind;
  }

  /**
   * Stores a whole stream that can be read at once.
   * @param pause awaited between reads, so that other work gets its turn
   */
  async store(
    read: ReadBytes,
    cutter: ChunkCutter,
    onChunk: OnChunk,
    pause: (bytes: number) => Promise<void>,
  ): Promise<FileEnd> {
    const sum = createHash('sha256');
    let sizeBytes = 0;
    this.#begin(cutter);
    for (let ended = false; !ended; ) {
      const got = await this.#fill(read, sum);
      ended = got === 0;
      sizeBytes += got;
      await this.#cutWindow(ended, onChunk);
      await pause(got);
    }
    return { sizeBytes, checksum: sum.digest() };
  }

  /** Adds bytes to a stream that arrives in pieces; ended by `end`. */
  async push(bytes: Uint8Array, cutter: ChunkCutter, onChunk: OnChunk): Promise<void> {
    if (this.#cutter !== cutter) this.#begin(cutter);
    for (let at = 0; at < bytes.length; ) {
      this.#makeRoom();
      const length = Math.min(bytes.length - at, WINDOW_BYTES - this.#to);
      this.#window.set(bytes.subarray(at, at + length), this.#to);
      this.#to += length;
      at += length;
      if (this.#to === WINDOW_BYTES) await this.#cutWindow(false, onChunk);
    }
  }

  /** Cuts what is left of a stream that was pushed. */
  async end(onChunk: OnChunk): Promise<void> {
    if (this.#cutter) await this.#cutWindow(true, onChunk);
    this.#cutter = null;
  }

  #atStart = true;

  #begin(cutter: ChunkCutter): void {
    this.#cutter = cutter;
    this.#from = 0;
    this.#to = 0;
    this.#atStart = true;
  }

  #makeRoom(): void {
    this.#window.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
  }

  /** Reads until the window is full or the stream ends. */
  async #fill(read: ReadBytes, sum: Hash): Promise<number> {
    this.#makeRoom();
    const start = this.#to;
    while (this.#to < WINDOW_BYTES) {
      const answer = read(this.#window.subarray(this.#to));
      const got = typeof answer === 'number' ? answer : await answer;
      if (got === 0) break;
      this.#to += got;
    }
    sum.update(this.#window.subarray(start, this.#to));
    return this.#to - start;
  }

  /** Cuts every chunk whose end is certain: those with the cutter's lookahead behind their start, and all at the end. */
  async #cutWindow(ended: boolean, onChunk: OnChunk): Promise<void> {
    const cutter = this.#cutter!;
    const needed = ended ? 1 : cutter.lookahead;
    while (this.#to - this.#from >= needed) {
      const length = cutter.cut(this.#window, this.#from, this.#to, this.#atStart);
      const id = this.#writer.add(this.#kind, this.#window.subarray(this.#from, this.#from + length));
      this.#atStart = false;
      this.#from += length;
      if (this.#writer.isBusy) await this.#writer.drained();
      await onChunk(id, length);
    }
  }
}
