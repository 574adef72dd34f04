/**
 * Tells, after a crash, whether a live SQLite database was replaced by its staged copy. docs/adr/0007 states the rule:
 * by the schema cookie, and where that has changed, by pages in which the two differed before.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { KiB } from '../shared/bytes.js';
import { throwIfCancelled } from '../shared/errors.js';
import { isBusy, openSqlite, readNumber } from './sqlite-connection.js';
import { CHECKPOINT_WAIT_MS } from './sqlite-view.js';
import { BUSY_SLICE_MS, type LockWait, whenUnlocked } from './sqlite-wait.js';

/** Differing pages that are noted. */
const MAX_PAGES = 1_024;
const HASH_BYTES = 8;
/** Pages compared between two turns of the event loop. */
const PAGES_AT_A_TIME = 2_048;
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** What a live database was before it was to be replaced. */
export interface Evidence {
  schemaVersion: number;
  pageBytes: number;
  /** Number and hash of pages that differ from those of the staged copy. */
  pages: [number: number, hash: string][];
}

/** The files that are compared, and how long to wait for locks of the till. */
export interface EvidencePlaces extends LockWait {
  live: string;
  staged: string;
}

/**
 * Reads both files page by page until enough differ: about a second for 1 GB when hardly any do. Meanwhile a read lock
 * is held, which keeps a till without WAL from committing.
 * @throws the error of node:sqlite or of the system, CancelledError
 */
export async function gatherEvidence(places: EvidencePlaces): Promise<Evidence> {
  return withStillPages(places, async ({ database, live, staged, pageBytes }) => {
    const schemaVersion = readNumber(database, 'PRAGMA schema_version');
    const pages: Evidence['pages'] = [];
    const count = Math.min(live.pageCount, staged.pageCount);
    for (let number = 1; number <= count && pages.length < MAX_PAGES; number++) {
      if (number % PAGES_AT_A_TIME === 0) {
        await setImmediate();
        throwIfCancelled(places.signal);
      }
      const page = live.read(number);
      if (!page.equals(staged.read(number))) pages.push([number, hashOf(page)]);
    }
    return { schemaVersion, pageBytes, pages };
  });
}

/**
 * Whether the live database was replaced by the staged copy since `evidence` was gathered; null when every page that
 * would tell has been rewritten, as VACUUM does.
 * @throws as `gatherEvidence`
 */
export async function isReplaced(evidence: Evidence, places: EvidencePlaces): Promise<boolean | null> {
  return withStillPages(places, async ({ database, live, staged, pageBytes }) => {
    if (readNumber(database, 'PRAGMA schema_version') === evidence.schemaVersion) return false;
    // An empty database takes the size of what replaces it; any other keeps its own, and a VACUUM may not.
    if (evidence.pages.length === 0 && pageBytes === pageBytesOf(staged)) return true;
    if (pageBytes !== evidence.pageBytes) return null;
    let before = 0;
    let after = 0;
    for (const [number, hash] of evidence.pages) {
      const page = live.read(number);
      if (hashOf(page) === hash) before += 1;
      else if (page.equals(staged.read(number))) after += 1;
    }
    return before === after ? null : before < after;
  });
}

/** The page size in a database's header, where 1 means 64 KiB. */
function pageBytesOf(file: PageReader): number {
  const stored = file.read(1).readUInt16BE(16);
  return stored === 1 ? 64 * KiB : stored;
}

interface StillPages {
  /** In a read transaction. */
  database: DatabaseSync;
  live: PageReader;
  staged: PageReader;
  pageBytes: number;
}

/**
 * Holds the live database still: within a read transaction, no page changes in the main file but those that the WAL
 * holds already. The raw descriptors are closed last, because closing one drops SQLite's locks of this process.
 */
async function withStillPages<T>(
  { live: path, staged: stagedPath, ...waiting }: EvidencePlaces,
  use: (pages: StillPages) => Promise<T>,
): Promise<T> {
  const database = await whenUnlocked(() => openStill(path), waiting);
  const readers: PageReader[] = [];
  try {
    const pageBytes = readNumber(database, 'PRAGMA page_size');
    const live = new PageReader(path, pageBytes, `${path}-wal`);
    readers.push(live);
    const staged = new PageReader(stagedPath, pageBytes);
    readers.push(staged);
    return await use({ database, live, staged, pageBytes });
  } finally {
    database.close();
    for (const reader of readers) reader.close();
  }
}

/** A connection in a read transaction. */
function openStill(path: string): DatabaseSync {
  const database = openSqlite(path, { busyTimeoutMs: CHECKPOINT_WAIT_MS });
  try {
    checkpoint(database);
    database.exec(`PRAGMA busy_timeout = ${BUSY_SLICE_MS}; BEGIN`);
    readNumber(database, 'SELECT count(*) FROM sqlite_schema');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Moves what the WAL holds into the main file, as far as the till lets it. Does nothing in another journal mode. */
export function checkpoint(database: DatabaseSync): void {
  try {
    database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
  } catch (error) {
    // Best effort: a till that is at work delays it.
    if (!isBusy(error)) throw error;
  }
}

/** Reads pages of a database file, of its WAL where that holds a newer committed version. */
class PageReader {
  readonly #descriptor: number;
  readonly #pageBytes: number;
  readonly #wal: number | null = null;
  /** Where the newest version of a page begins in the WAL. */
  readonly #frames = new Map<number, number>();
  readonly pageCount: number;

  constructor(path: string, pageBytes: number, walPath?: string) {
    this.#pageBytes = pageBytes;
    this.pageCount = Math.floor(statSync(path).size / pageBytes);
    this.#descriptor = openSync(path, 'r');
    if (walPath === undefined || statSync(walPath, { throwIfNoEntry: false }) === undefined) return;
    this.#wal = openSync(walPath, 'r');
    this.#listFrames(this.#wal);
  }

  /** Bytes beyond the end of the file are left out. */
  read(number: number): Buffer {
    const frame = this.#frames.get(number);
    if (this.#wal !== null && frame !== undefined) return readAt(this.#wal, frame, this.#pageBytes);
    return readAt(this.#descriptor, (number - 1) * this.#pageBytes, this.#pageBytes);
  }

  close(): void {
    closeSync(this.#descriptor);
    if (this.#wal !== null) closeSync(this.#wal);
  }

  /** Frames of the present generation bear the salts of the head; a transaction ends with a frame that tells the size. */
  #listFrames(wal: number): void {
    const salts = readAt(wal, 16, 8);
    const open = new Map<number, number>();
    for (let at = WAL_HEADER_BYTES; ; at += FRAME_HEADER_BYTES + this.#pageBytes) {
      const head = readAt(wal, at, FRAME_HEADER_BYTES);
      if (head.length < FRAME_HEADER_BYTES || !head.subarray(8, 16).equals(salts)) return;
      open.set(head.readUInt32BE(0), at + FRAME_HEADER_BYTES);
      if (head.readUInt32BE(4) === 0) continue;
      for (const [number, place] of open) this.#frames.set(number, place);
      open.clear();
    }
  }
}

function readAt(descriptor: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset));
}

function hashOf(page: Buffer): string {
  return createHash('sha256')
    .update(page)
    .digest('hex')
    .slice(0, 2 * HASH_BYTES);
}
