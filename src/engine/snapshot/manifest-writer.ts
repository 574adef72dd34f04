/** Turns the entries of one component into manifest records, in order (docs/format.md §8). */
import { createHash, type Hash } from 'node:crypto';
import { invariant } from '../../shared/errors.js';
import type { FileIdentity } from '../source.js';
import { ListingChecksum } from './listing-checksum.js';
import { ManifestRules } from './manifest-rules.js';
import { type EntryMetadata, encodeRecord, type FileEnd, type ManifestRecord } from './record.js';
import { encodeReference, MAX_REFERENCES, type References } from './references.js';

/** Takes the bytes of the record stream. */
export type AppendBytes = (bytes: Buffer) => Promise<void>;

/** What a finished manifest says of its component. */
export interface ManifestTotals {
  /** Bytes of the record stream. */
  manifestBytes: number;
  manifestChecksum: Buffer;
  /** Checksum of the component's content. */
  contentChecksum: Buffer;
  sizeBytes: number;
  fileCount: number;
}

/**
 * Writes the records of one component.
 * Every call throws IntegrityError for an entry that a reader would refuse: out of order, in no folder, a bad path.
 */
export class ManifestWriter {
  readonly #append: AppendBytes;
  readonly #sum: Hash = createHash('sha256');
  readonly #listing = new ListingChecksum();
  readonly #rules = new ManifestRules();
  #bytes = 0;
  #sizeBytes = 0;
  #fileCount = 0;

  constructor(append: AppendBytes) {
    this.#append = append;
  }

  async directory(entry: EntryMetadata): Promise<void> {
    this.#listing.addOther();
    await this.#write({ kind: 'directory', ...pickMetadata(entry) });
  }

  async symlink(entry: EntryMetadata & { target: Buffer }): Promise<void> {
    this.#listing.addOther();
    await this.#write({ kind: 'symlink', ...pickMetadata(entry), target: entry.target });
  }

  /** Begins a file. Its recorder must be ended before the next entry. */
  file(entry: EntryMetadata, identity: FileIdentity | null): FileRecorder {
    const metadata = pickMetadata(entry);
    return new FileRecorder(
      (content, end, isFirst) =>
        this.#write(
          isFirst ? { kind: 'file', ...metadata, identity, content, end } : { kind: 'content', content, end },
        ),
      (end) => {
        this.#listing.addFile(metadata.path, end.checksum);
        this.#sizeBytes += end.sizeBytes;
        this.#fileCount++;
      },
    );
  }

  /** No call may follow. */
  totals(): ManifestTotals {
    return {
      manifestBytes: this.#bytes,
      manifestChecksum: this.#sum.digest(),
      contentChecksum: this.#listing.digest(),
      sizeBytes: this.#sizeBytes,
      fileCount: this.#fileCount,
    };
  }

  async #write(record: ManifestRecord): Promise<void> {
    this.#rules.check(record);
    const bytes = encodeRecord(record);
    this.#sum.update(bytes);
    this.#bytes += bytes.length;
    await this.#append(bytes);
  }
}

/** References that a recorder keeps before it writes them: about 1 MiB, or 2 GiB of a file. */
const HELD_REFERENCES = 32 * MAX_REFERENCES;

/** Records the chunks of one file, in as many records as they need. */
export class FileRecorder {
  readonly #write: (content: References, end: FileEnd | null, isFirst: boolean) => Promise<void>;
  readonly #onEnd: (end: FileEnd) => void;
  #held: References[] = [];
  #isFirst = true;

  constructor(
    write: (content: References, end: FileEnd | null, isFirst: boolean) => Promise<void>,
    onEnd: (end: FileEnd) => void,
  ) {
    this.#write = write;
    this.#onEnd = onEnd;
  }

  /** Adds the next chunk. */
  async add(id: Uint8Array, sizeBytes: number): Promise<void> {
    if (this.#held.length === HELD_REFERENCES) await this.#writeHeld();
    this.#held.push(encodeReference(id, sizeBytes));
  }

  /**
   * Forgets the chunks added so far, so that the file can be read again.
   * @returns false when it is too late: some are written already
   */
  restart(): boolean {
    if (!this.#isFirst) return false;
    this.#held = [];
    return true;
  }

  /** Adds a record's references as another manifest has them; `end` as there. */
  async addAll(content: References, end: FileEnd | null): Promise<void> {
    invariant(this.#held.length === 0, 'chunks are added one by one or all as they are');
    await this.#writeOne(content, end);
    if (end) this.#onEnd(end);
  }

  async end(end: FileEnd): Promise<void> {
    while (this.#held.length > MAX_REFERENCES)
      await this.#writeOne(Buffer.concat(this.#held.splice(0, MAX_REFERENCES)), null);
    await this.#writeOne(Buffer.concat(this.#held), end);
    this.#held = [];
    this.#onEnd(end);
  }

  async #writeHeld(): Promise<void> {
    while (this.#held.length > 0)
      await this.#writeOne(Buffer.concat(this.#held.splice(0, MAX_REFERENCES)), null);
  }

  async #writeOne(content: References, end: FileEnd | null): Promise<void> {
    await this.#write(content, end, this.#isFirst);
    this.#isFirst = false;
  }
}

function pickMetadata(entry: EntryMetadata): EntryMetadata {
  return {
    path: Buffer.from(entry.path),
    mode: entry.mode,
    mtimeNs: entry.mtimeNs,
    uid: entry.uid,
    gid: entry.gid,
  };
}
