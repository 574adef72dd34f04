/**
 * Puts one entry after the other into an archive made by the archiver package, no faster than the archive is read.
 *
 * Memory: what the streams hold (a few buffers of 64 KiB, 1 MiB on the archive's side), one small file, and for ZIP what
 * its central directory needs of every entry (docs/adr/0013).
 */
import { once } from 'node:events';
import type { Stats } from 'node:fs';
import { PassThrough } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { Archiver, EntryData } from 'archiver';
import { BufferRelease } from '../shared/buffer-release.js';
import { KiB } from '../shared/bytes.js';
import { IntegrityError } from '../shared/errors.js';
import { toClassicDate, toExtendedFields } from './tar-times.js';

/** ZIP compresses every file by itself, and smaller ones would not gain what that takes. */
const STORED_FILE_BYTES = 512;
/** Files of at most this size are handed over whole. */
const SMALL_FILE_BYTES = 64 * KiB;
/** Entries without content are not held back by the archive's streams; this many bytes of them may wait. */
const MAX_BACKLOG_BYTES = 256 * KiB;
const BACKLOG_POLL_MS = 10;
/** Least bytes that an entry without content takes, besides its name. */
const MIN_ENTRY_BYTES = 30;

/** What every entry says of itself. */
export interface ArchiveEntry {
  /** Within the archive; nothing in it leaves the archive's folder. */
  name: string;
  /** Permission bits. */
  mode: number;
  mtimeNs: bigint;
  uid: number;
  gid: number;
}

/** Content of a file: pieces of any size, which stay valid. */
export type FileContent = AsyncIterable<Uint8Array>;

/** Data of an entry as the archiver's TAR and ZIP modules take it, which its types do not say. */
interface FullEntryData extends EntryData {
  linkname?: string;
  uid: number;
  gid: number;
  store?: boolean;
  pax?: Record<string, string>;
}

export class EntryWriter {
  readonly #archive: Archiver;
  readonly #isTar: boolean;
  readonly #signal: AbortSignal;
  readonly #release = new BufferRelease();
  #entry = Promise.withResolvers<void>();
  /** Where the archive stood after the last entry with content, and what was added since. */
  #backlog = { base: 0, bytes: 0 };

  /** @param options.signal must abort when the archive's reader has left */
  constructor(archive: Archiver, options: { isTar: boolean; signal: AbortSignal }) {
    this.#archive = archive;
    this.#isTar = options.isTar;
    this.#signal = options.signal;
    archive.on('entry', () => this.#entry.resolve());
    archive.on('error', (error) => this.#entry.reject(error));
    this.#signal.addEventListener('abort', () => this.#entry.reject(this.#signal.reason));
    this.#entry.promise.catch(() => {}); // told to whoever waits for the entry
  }

  async directory(entry: ArchiveEntry): Promise<void> {
    await this.#addEmpty({ ...this.#toData(entry), type: 'directory' });
  }

  /** @param target any text */
  async symlink(entry: ArchiveEntry, target: string): Promise<void> {
    await this.#addEmpty({ ...this.#toData(entry), type: 'symlink', linkname: target });
  }

  /** @throws IntegrityError when the content is not `sizeBytes` long */
  async file(entry: ArchiveEntry, sizeBytes: number, content: FileContent): Promise<void> {
    // The TAR module takes the size of a stream from a Stats object, and nothing else of it.
    const data: FullEntryData = { ...this.#toData(entry), type: 'file', stats: { size: sizeBytes } as Stats };
    if (sizeBytes > SMALL_FILE_BYTES) return this.#addStream(data, sizeBytes, content);
    const whole = await collect(content, sizeBytes);
    this.#release.passed(sizeBytes);
    if (sizeBytes === 0) return this.#addEmpty(data);
    await this.#append(whole, { ...data, store: sizeBytes < STORED_FILE_BYTES });
    this.#caughtUp();
  }

  #toData(entry: ArchiveEntry): FullEntryData {
    const { name, uid, gid, mtimeNs } = entry;
    // Both modules take a mode of 0 for none, and would give everybody a right to read.
    const base = { mode: entry.mode || 0o400, uid, gid };
    if (!this.#isTar) return { ...base, name, date: new Date(Number(mtimeNs / 1_000_000n)) };
    // The archiver turns backslashes of names into slashes; the extended header has the last word on the name.
    const safeName = name.replaceAll('\\', '%5C');
    const pax = { ...(safeName !== name && { path: name }), ...toExtendedFields(entry) };
    const date = toClassicDate(mtimeNs);
    return { ...base, name: safeName, date, ...(Object.keys(pax).length > 0 && { pax }) };
  }

  async #addEmpty(data: FullEntryData): Promise<void> {
    await this.#append(Buffer.alloc(0), data);
    this.#backlog.bytes += MIN_ENTRY_BYTES + Buffer.byteLength(data.name);
    if (this.#backlog.bytes < MAX_BACKLOG_BYTES) return;
    const { base, bytes } = this.#backlog;
    while (this.#archive.pointer() - base < bytes / 2)
      await wait(BACKLOG_POLL_MS, null, { signal: this.#signal });
    this.#caughtUp();
  }

  async #addStream(data: FullEntryData, sizeBytes: number, content: FileContent): Promise<void> {
    const body = new PassThrough();
    try {
      const added = this.#append(body, data);
      added.catch(() => {}); // awaited below; it may fail while content is still written
      let written = 0;
      for await (const bytes of content) {
        written += bytes.length;
        this.#release.passed(bytes.length);
        if (!body.write(bytes)) await once(body, 'drain', { signal: this.#signal });
      }
      assertSize(written, sizeBytes);
      body.end();
      await added;
    } finally {
      body.destroy();
    }
    this.#caughtUp();
  }

  async #append(source: Buffer | PassThrough, data: FullEntryData): Promise<void> {
    this.#signal.throwIfAborted();
    this.#entry = Promise.withResolvers<void>();
    this.#archive.append(source, data);
    await this.#entry.promise;
  }

  #caughtUp(): void {
    this.#backlog = { base: this.#archive.pointer(), bytes: 0 };
  }
}

async function collect(content: FileContent, sizeBytes: number): Promise<Buffer> {
  const whole = Buffer.alloc(sizeBytes);
  let used = 0;
  for await (const bytes of content) {
    if (used + bytes.length <= sizeBytes) whole.set(bytes, used);
    used += bytes.length;
  }
  assertSize(used, sizeBytes);
  return whole;
}

function assertSize(found: number, expected: number): void {
  if (found !== expected) throw new IntegrityError(`A file has ${found} bytes, expected ${expected}`);
}
