import type { BigIntStats } from 'node:fs';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { FileReader } from '../engine/index.js';
import { errnoOf, toAppError } from './system-error.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
/** What `open` says when the file was removed, or something that is no file took its place. */
const REPLACED = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EISDIR']);

/** Reads one regular file from its start through a descriptor of its own. Holds no bytes. */
export class OpenFileReader implements FileReader {
  #descriptor: number | null;
  #bytesRead = 0;

  private constructor(
    descriptor: number,
    private readonly before: BigIntStats,
    private readonly printedPath: string,
  ) {
    this.#descriptor = descriptor;
  }

  /**
   * Opens the file at `path`. A symbolic link is not followed and a pipe does not block.
   * @param printedPath the path below the till, for messages
   * @returns null when there is no regular file any more
   * @throws SourceError when it cannot be read
   */
  static open(path: Buffer, printedPath: string): OpenFileReader | null {
    let descriptor: number;
    try {
      descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      if (REPLACED.has(errnoOf(error))) return null;
      throw toAppError(error, `File "${printedPath}" cannot be read`);
    }
    const stats = fstatSync(descriptor, { bigint: true });
    if (stats.isFile()) return new OpenFileReader(descriptor, stats, printedPath);
    closeSync(descriptor);
    return null;
  }

  read(buffer: Uint8Array): number {
    try {
      const count = readSync(this.#open(), buffer, 0, buffer.length, null);
      this.#bytesRead += count;
      return count;
    } catch (error) {
      throw toAppError(error, `File "${this.printedPath}" cannot be read`);
    }
  }

  hasChanged(): boolean {
    const now = fstatSync(this.#open(), { bigint: true });
    return (
      now.size !== this.before.size ||
      now.mtimeNs !== this.before.mtimeNs ||
      now.ctimeNs !== this.before.ctimeNs ||
      BigInt(this.#bytesRead) !== now.size
    );
  }

  close(): void {
    if (this.#descriptor === null) return;
    closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #open(): number {
    if (this.#descriptor === null) throw new Error(`Reader of "${this.printedPath}" is closed`);
    return this.#descriptor;
  }
}
