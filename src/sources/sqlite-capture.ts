import type { BigIntStats } from 'node:fs';
import { closeSync, fstatSync, readSync } from 'node:fs';
import type { Capture, FileEntry, FileIdentity, FileReader, SourceEntry } from '../engine/index.js';
import { SourceError } from '../shared/errors.js';
import { toAppError } from './system-error.js';

/** One moment of a database, held still in an open file. */
export interface DatabaseView {
  descriptor: number;
  /** Bytes that belong to the moment; the file may be longer. */
  sizeBytes: number;
  /** Status of the database file at the moment: its mode, owner and time are recorded. */
  stats: BigIntStats;
  /** Null when an unchanged file does not prove an unchanged database. */
  identity: FileIdentity | null;
  /** Ends the moment. Called once, before the descriptor is closed: closing it drops SQLite's locks of this process. */
  release(): Promise<void>;
}

/** A captured database: one file, cut in page runs. */
export class SqliteCapture implements Capture {
  readonly notices: readonly string[] = [];
  #isOpen = true;

  constructor(
    private readonly name: string,
    private readonly view: DatabaseView,
  ) {}

  *entries(): Iterable<SourceEntry> {
    const { stats, sizeBytes, identity } = this.view;
    const entry: FileEntry = {
      kind: 'file',
      path: Buffer.from(this.name),
      mode: Number(stats.mode & 0o7777n),
      mtimeNs: stats.mtimeNs,
      uid: Number(stats.uid),
      gid: Number(stats.gid),
      sizeBytes,
      identity,
      cutting: 'pages',
      open: () => this.#reader(),
    };
    yield entry;
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      await this.view.release();
    } finally {
      closeSync(this.view.descriptor);
    }
  }

  #reader(): FileReader {
    if (!this.#isOpen) throw new SourceError(`The view of database "${this.name}" is closed`);
    return new DatabaseReader(this.name, this.view);
  }
}

/** Reads the view from its start. The descriptor stays the capture's: several readers may follow each other. */
class DatabaseReader implements FileReader {
  #position = 0;
  readonly #before: BigIntStats;

  constructor(
    private readonly name: string,
    private readonly view: DatabaseView,
  ) {
    this.#before = fstatSync(view.descriptor, { bigint: true });
  }

  read(buffer: Uint8Array): number {
    const length = Math.min(buffer.length, this.view.sizeBytes - this.#position);
    try {
      const count = length === 0 ? 0 : readSync(this.view.descriptor, buffer, 0, length, this.#position);
      this.#position += count;
      return count;
    } catch (error) {
      throw toAppError(error, `Database "${this.name}" cannot be read`);
    }
  }

  /** SQLite keeps the file still; a change is the work of a program that does not honour its locks. */
  hasChanged(): boolean {
    const now = fstatSync(this.view.descriptor, { bigint: true });
    const isSame = now.mtimeNs === this.#before.mtimeNs && now.size === this.#before.size;
    return !isSame || this.#position !== this.view.sizeBytes;
  }

  close(): void {
    // The descriptor is the capture's.
  }
}
