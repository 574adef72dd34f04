import {
  chmodSync,
  constants,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../shared/clock.js';
import { throwIfCancelled } from '../shared/errors.js';
import { toFileIdentity } from './file-identity.js';
import type { DatabaseView } from './sqlite-capture.js';
import { isBusy, readNumber, readValue } from './sqlite-connection.js';
import { copyDatabase } from './sqlite-copy.js';
import { toAppError } from './system-error.js';

/** How long one checkpoint may wait for others while it keeps writers out, in milliseconds. */
export const CHECKPOINT_WAIT_MS = 100;
const TRIES = 8;
/** How long the fallback copy waits for locks, in milliseconds. */
const COPY_BUSY_LIMIT_MS = 30_000;

export interface ViewOptions {
  clock: Clock;
  /** For the copy, when one is needed. */
  tempDir: string;
  signal?: AbortSignal;
}

/**
 * Holds one moment of the database at `path` still for reading. Takes `database`, a connection to it, over: releasing
 * the view closes it.
 *
 * WAL mode: the database is checkpointed until a read transaction begins over an empty `-wal` file. From then on the
 * main file cannot change, because checkpoints wait for this reader while writers append to the WAL. When writers or
 * long readers prevent that eight times, and in every other journal mode, a private copy is made with SQLite's online
 * backup. The copy has no name any more when this returns, so nothing of it is left whatever happens.
 */
export async function openDatabaseView(
  path: string,
  database: DatabaseSync,
  options: ViewOptions,
): Promise<DatabaseView> {
  if (readValue(database, 'PRAGMA journal_mode') !== 'wal') return openCopy(path, database, options);
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    throwIfCancelled(options.signal);
    const view = tryMainFile(path, database, options.clock);
    if (view !== null) return view;
    await wait(attempt * 5);
  }
  beginRead(database);
  return openCopy(path, database, options);
}

/** The main file as a view, or null when the WAL did not stay empty. */
function tryMainFile(path: string, database: DatabaseSync, clock: Clock): DatabaseView | null {
  checkpoint(database);
  beginRead(database);
  if (!isWalEmpty(path)) {
    database.exec('COMMIT');
    return null;
  }
  const sizeBytes = readNumber(database, 'PRAGMA page_count') * readNumber(database, 'PRAGMA page_size');
  const now = clock.now();
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  const stats = fstatSync(descriptor, { bigint: true });
  const release = async () => {
    database.exec('COMMIT');
    database.close();
  };
  return { descriptor, sizeBytes, stats, identity: toFileIdentity(stats, now), release };
}

function checkpoint(database: DatabaseSync): void {
  database.exec(`PRAGMA busy_timeout = ${CHECKPOINT_WAIT_MS}`);
  try {
    database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
  } catch (error) {
    // A lock in the way shows as a WAL that is not empty.
    if (!isBusy(error)) throw error;
  }
}

/** Begins a transaction and takes its read lock at once. */
function beginRead(database: DatabaseSync): void {
  database.exec('BEGIN');
  readNumber(database, 'SELECT count(*) FROM sqlite_schema');
}

function isWalEmpty(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0;
}

async function openCopy(path: string, database: DatabaseSync, options: ViewOptions): Promise<DatabaseView> {
  const { clock, tempDir, signal } = options;
  const stats = statSync(path, { bigint: true });
  const folder = makePrivateFolder(tempDir);
  try {
    const copy = join(folder, 'copy.db');
    writeFileSync(copy, '', { mode: 0o600, flag: 'wx' });
    await copyDatabase(database, copy, {
      clock,
      busyLimitMs: COPY_BUSY_LIMIT_MS,
      ...(signal ? { signal } : {}),
    });
    const descriptor = openSync(copy, constants.O_RDONLY);
    const sizeBytes = fstatSync(descriptor).size;
    return { descriptor, sizeBytes, stats, identity: null, release: async () => database.close() };
  } finally {
    // The open descriptor keeps the bytes; the name goes at once.
    rmSync(folder, { recursive: true, force: true });
  }
}

function makePrivateFolder(tempDir: string): string {
  try {
    mkdirSync(tempDir, { recursive: true, mode: 0o700 });
    const folder = mkdtempSync(join(tempDir, 'database-'));
    chmodSync(folder, 0o700);
    return folder;
  } catch (error) {
    throw toAppError(error, `A copy of the database cannot be made in TEMP_DIR`);
  }
}
