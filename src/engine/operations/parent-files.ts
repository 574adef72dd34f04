/** The files of a parent backup's component, met in the same order as the source's entries. */
import { IntegrityError } from '../../shared/errors.js';
import type { ChunkReader } from '../repository/chunk-reader.js';
import { readRecords } from '../snapshot/manifest-reader.js';
import { comparePaths } from '../snapshot/paths.js';
import type { FileEnd, ManifestRecord } from '../snapshot/record.js';
import type { References } from '../snapshot/references.js';
import type { FileEntry, FileIdentity } from '../source.js';

/** The parent cannot be relied on, since chunks of it are gone: capture without it. */
export class ParentIncompleteError extends IntegrityError {}

type FileRecord = Extract<ManifestRecord, { kind: 'file' }>;

/** Walks a parent's manifest once, forwards. Holds one record. */
export class ParentFiles {
  readonly #reader: ChunkReader;
  readonly #records: AsyncGenerator<ManifestRecord>;
  #current: ManifestRecord | null = null;
  #ended = false;

  /** @param manifest references to the parent's manifest */
  constructor(reader: ChunkReader, manifest: References) {
    this.#reader = reader;
    this.#records = readRecords(reader.readAll(manifest));
  }

  /**
   * The content that `entry` had in the parent, one record after the other, or null when it may have changed.
   * Must be asked in manifest order, and the content taken before the next question.
   * @throws ParentIncompleteError when the parent cannot be read or lacks chunks
   */
  async unchanged(
    entry: FileEntry,
  ): Promise<AsyncGenerator<{ content: References; end: FileEnd | null }> | null> {
    const record = await this.#seek(entry.path);
    if (!record || !isSame(record, entry)) return null;
    return this.#content(record);
  }

  async close(): Promise<void> {
    await this.#records.return(undefined);
  }

  async #seek(path: Buffer): Promise<FileRecord | null> {
    for (;;) {
      const record = this.#current ?? (await this.#next());
      if (!record) return null;
      const order = record.kind === 'content' ? -1 : comparePaths(record.path, path);
      if (order > 0) return null;
      if (order === 0) return record.kind === 'file' ? record : null;
      this.#current = null;
    }
  }

  async *#content(record: FileRecord): AsyncGenerator<{ content: References; end: FileEnd | null }> {
    let part: { content: References; end: FileEnd | null } = record;
    for (;;) {
      if (!this.#reader.hasAll(part.content))
        throw new ParentIncompleteError('Chunks of the parent backup are missing');
      yield part;
      this.#current = null;
      if (part.end) return;
      const next = await this.#next();
      if (next?.kind !== 'content')
        throw new ParentIncompleteError('The manifest of the parent backup is cut short');
      part = next;
    }
  }

  async #next(): Promise<ManifestRecord | null> {
    if (this.#ended) return null;
    try {
      const { value, done } = await this.#records.next();
      this.#ended = done === true;
      this.#current = done ? null : value;
      return this.#current;
    } catch (cause) {
      if (cause instanceof IntegrityError)
        throw new ParentIncompleteError('The parent backup is damaged', { cause });
      throw cause;
    }
  }
}

function isSame(record: FileRecord, entry: FileEntry): boolean {
  const isSameSize = record.end === null || record.end.sizeBytes === entry.sizeBytes; // a large file's size comes last
  return isSameSize && record.mtimeNs === entry.mtimeNs && isSameIdentity(record.identity, entry.identity);
}

function isSameIdentity(a: FileIdentity | null, b: FileIdentity | null): boolean {
  return a !== null && b !== null && a.device === b.device && a.inode === b.inode && a.ctimeNs === b.ctimeNs;
}
