import { closeSync, ftruncateSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { FileWriter, RestoredContent, RestoredFile } from '../engine/index.js';
import { printPath } from '../engine/index.js';
import { KiB } from '../shared/bytes.js';
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

/** Writes one staged file through its descriptor, leaving zeros as holes. Holds no bytes. Single-use. */
export class StagedFileWriter implements FileWriter {
  #descriptor: number | null;
  #position = 0;

  /**
   * @param descriptor a fresh, empty file opened for writing; this writer owns it
   * @param deps.queue makes the file durable; `deps.onContent` is told what it must turn out to be
   */
  constructor(
    descriptor: number,
    private readonly entry: RestoredFile,
    private readonly deps: { queue: SyncQueue; onContent: (content: RestoredContent) => void },
  ) {
    this.#descriptor = descriptor;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const descriptor = this.#open();
    try {
      for (const [from, to] of dataRuns(bytes, this.#position)) {
        await writeAll(descriptor, bytes.subarray(from, to), this.#position + from);
      }
      this.#position += bytes.length;
    } catch (error) {
      throw toAppError(error, `File "${printPath(this.entry.path)}" cannot be written`);
    }
  }

  async close(content: RestoredContent): Promise<void> {
    const descriptor = this.#open();
    if (this.#position !== content.sizeBytes) {
      throw new IntegrityError(
        `File "${printPath(this.entry.path)}" came out as ${this.#position} bytes, expected ${content.sizeBytes}`,
      );
    }
    try {
      ftruncateSync(descriptor, this.#position);
      applyMetadata(descriptor, this.entry);
      this.deps.onContent(content);
      this.#descriptor = null;
      await this.deps.queue.add(descriptor);
    } catch (error) {
      throw toAppError(error, `File "${printPath(this.entry.path)}" cannot be written`);
    }
  }

  async abort(): Promise<void> {
    if (this.#descriptor === null) return;
    closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #open(): number {
    if (this.#descriptor === null) throw new Error(`Writer of "${printPath(this.entry.path)}" is closed`);
    return this.#descriptor;
  }
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
