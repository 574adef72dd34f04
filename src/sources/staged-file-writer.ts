import { closeSync, ftruncateSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { FileWriter, RestoredContent, RestoredFile } from '../engine/index.js';
import { printPath } from '../engine/index.js';
import { KiB, MiB } from '../shared/bytes.js';
import { IntegrityError } from '../shared/errors.js';
import { applyMetadata } from './entry-metadata.js';
import type { SyncQueue } from './sync-queue.js';
import { toAppError } from './system-error.js';

const writeInPool = promisify(write);
/** Runs of zeros are left out in whole blocks of the file system's usual size. */
const HOLE_BLOCK = 4 * KiB;
const ZEROS = Buffer.alloc(HOLE_BLOCK);
/** From here on a write goes to the thread pool; below, the call costs less than the detour. */
const POOL_WRITE_BYTES = 128 * KiB;

/** Writes of one file that may be under way at the same time, each of up to RUN_BYTES. */
const WRITES_AT_ONCE = 4;
const RUN_BYTES = MiB;

/**
 * Writes one staged file through its descriptor, leaving zeros as holes. Pieces that lie side by side in memory, as the
 * chunks of a block do, are written as one. Holds up to five runs of 1 MiB until they are written. Single-use.
 */
export class StagedFileWriter implements FileWriter {
  #descriptor: number | null;
  /** Bytes taken so far. */
  #position = 0;
  /** Taken, not yet being written: ends at #position. */
  #run: Uint8Array | null = null;
  readonly #writes = new Set<Promise<void>>();
  #failure: unknown = null;

  /**
   * @param descriptor a fresh, empty file opened for writing; this writer owns it
   * @param deps.queue makes the file durable; `deps.onContent` is told what it must turn out to be;
   *   `deps.onUnowned` that its owner could not be set
   */
  constructor(
    descriptor: number,
    private readonly entry: RestoredFile,
    private readonly deps: {
      queue: SyncQueue;
      onContent: (content: RestoredContent) => void;
      onUnowned: () => void;
    },
  ) {
    this.#descriptor = descriptor;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const joined = this.#run && joinNeighbours(this.#run, bytes);
    if (!joined) await this.#beginRun();
    this.#run = joined ?? bytes;
    this.#position += bytes.length;
  }

  async close(content: RestoredContent): Promise<void> {
    await this.#beginRun();
    await this.#settle();
    if (this.#position !== content.sizeBytes) {
      throw new IntegrityError(
        `File "${printPath(this.entry.path)}" came out as ${this.#position} bytes, expected ${content.sizeBytes}`,
      );
    }
    const descriptor = this.#open();
    try {
      ftruncateSync(descriptor, this.#position);
      if (!applyMetadata(descriptor, this.entry)) this.deps.onUnowned();
      this.deps.onContent(content);
      this.#descriptor = null;
      await this.deps.queue.add(descriptor);
    } catch (error) {
      throw this.#toError(error);
    }
  }

  async abort(): Promise<void> {
    await Promise.all(this.#writes);
    if (this.#descriptor === null) return;
    closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  /** Begins to write what was gathered, when few enough writes are under way. */
  async #beginRun(): Promise<void> {
    const run = this.#run;
    this.#run = null;
    const descriptor = this.#open();
    while (this.#writes.size >= WRITES_AT_ONCE) await Promise.race(this.#writes);
    this.#throwIfFailed();
    if (run === null) return;
    const writing = this.#write(descriptor, run, this.#position - run.length).finally(() =>
      this.#writes.delete(writing),
    );
    this.#writes.add(writing);
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#writes);
    this.#throwIfFailed();
  }

  /** Never rejects: the first failure is kept for the next call. */
  async #write(descriptor: number, run: Uint8Array, position: number): Promise<void> {
    try {
      for (const [from, to] of dataRuns(run, position))
        await writeAll(descriptor, run.subarray(from, to), position + from);
    } catch (error) {
      this.#failure ??= error;
    }
  }

  #throwIfFailed(): void {
    if (this.#failure !== null) throw this.#toError(this.#failure);
  }

  #toError(error: unknown): unknown {
    return toAppError(error, `File "${printPath(this.entry.path)}" cannot be written`);
  }

  #open(): number {
    if (this.#descriptor === null) throw new Error(`Writer of "${printPath(this.entry.path)}" is closed`);
    return this.#descriptor;
  }
}

/** Both as one view, when `next` follows `run` in the same memory and they are not too long together; otherwise null. */
function joinNeighbours(run: Uint8Array, next: Uint8Array): Uint8Array | null {
  const isNeighbour = next.buffer === run.buffer && next.byteOffset === run.byteOffset + run.length;
  if (!isNeighbour || run.length + next.length > RUN_BYTES) return null;
  return new Uint8Array(run.buffer, run.byteOffset, run.length + next.length);
}

/**
 * Ranges of `bytes` to write when they belong at `position`: everything but blocks of zeros, and parts of blocks at
 * either end that are zeros. What is left out reads as zeros, since the file is fresh.
 */
function* dataRuns(bytes: Uint8Array, position: number): Generator<[from: number, to: number]> {
  let from = 0;
  let at = 0;
  while (at < bytes.length) {
    const end = Math.min(bytes.length, at + HOLE_BLOCK - ((position + at) % HOLE_BLOCK));
    if (isZero(bytes, at, end)) {
      if (from < at) yield [from, at];
      from = end;
    }
    at = end;
  }
  if (from < bytes.length) yield [from, bytes.length];
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  return bytes[from] === 0 && Buffer.compare(bytes.subarray(from, to), ZEROS.subarray(0, to - from)) === 0;
}

async function writeAll(descriptor: number, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const rest = bytes.length - done;
    if (rest < POOL_WRITE_BYTES) done += writeSync(descriptor, bytes, done, rest, position + done);
    else done += (await writeInPool(descriptor, bytes, done, rest, position + done)).bytesWritten;
  }
}
