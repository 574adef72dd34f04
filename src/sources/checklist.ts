import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { KiB } from '../shared/bytes.js';
import { toAppError } from './system-error.js';

/** What a staged file must turn out to be. */
export interface ExpectedFile {
  /** Below the staging folder. */
  stagedPath: Buffer;
  /** Below the component, for messages. */
  path: Buffer;
  sizeBytes: number;
  /** SHA-256, 32 bytes. */
  checksum: Buffer;
}

const BUFFER_BYTES = 64 * KiB;
const HEADER_BYTES = 4 + 4 + 8 + 32;

/**
 * Expected files of a staging, written to a file beside it, so that any number of them takes no memory.
 * A record, integers big-endian: 4 bytes length of `stagedPath`, 4 bytes length of `path`, 8 bytes size, 32 bytes
 * checksum, then both paths. Never outlives the restore, so it has no version.
 */
export class Checklist {
  #descriptor: number | null;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #end = 0;

  /** Makes the file at `path`, mode 0600; it must not exist. */
  constructor(path: Buffer) {
    this.#descriptor = openSync(path, 'wx+', 0o600);
  }

  add({
    stagedPath,
    path,
    sizeBytes,
    checksum,
  }: Omit<ExpectedFile, 'checksum'> & { checksum: Uint8Array }): void {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(stagedPath.length, 0);
    header.writeUInt32BE(path.length, 4);
    header.writeBigUInt64BE(BigInt(sizeBytes), 8);
    header.set(checksum, 16);
    this.#pending.push(header, Buffer.from(stagedPath), Buffer.from(path));
    this.#pendingBytes += HEADER_BYTES + stagedPath.length + path.length;
    if (this.#pendingBytes >= BUFFER_BYTES) this.#flush();
  }

  /** Every file added, in the order of adding. */
  *files(): Generator<ExpectedFile> {
    this.#flush();
    let position = 0;
    while (position < this.#end) {
      const header = this.#read(position, HEADER_BYTES);
      const stagedLength = header.readUInt32BE(0);
      const pathLength = header.readUInt32BE(4);
      const paths = this.#read(position + HEADER_BYTES, stagedLength + pathLength);
      position += HEADER_BYTES + paths.length;
      yield {
        stagedPath: paths.subarray(0, stagedLength),
        path: paths.subarray(stagedLength),
        sizeBytes: Number(header.readBigUInt64BE(8)),
        checksum: header.subarray(16, HEADER_BYTES),
      };
    }
  }

  /** May be called twice. */
  close(): void {
    if (this.#descriptor === null) return;
    closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#pending);
    try {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#open(), bytes, done, bytes.length - done, this.#end + done);
    } catch (error) {
      throw toAppError(error, 'The list of staged files cannot be written');
    }
    this.#end += bytes.length;
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  #read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const count = this.#readSome(bytes, done, position + done);
      if (count === 0) throw new Error('Checklist of a staging is cut short');
      done += count;
    }
    return bytes;
  }

  #readSome(bytes: Buffer, offset: number, position: number): number {
    try {
      return readSync(this.#open(), bytes, offset, bytes.length - offset, position);
    } catch (error) {
      throw toAppError(error, 'The list of staged files cannot be read back');
    }
  }

  #open(): number {
    if (this.#descriptor === null) throw new Error('Checklist is closed');
    return this.#descriptor;
  }
}
