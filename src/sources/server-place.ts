import type { SwapPlan } from '../engine/index.js';
import type { TableRows } from '../shared/backup-check.js';
import type { Properties } from './dump-properties.js';

/**
 * Where a database on a server is restored to: a fresh database beside the live one, which takes its place at the end.
 *
 *     create → load → check → swap → settle         the restore stands
 *                              swap → undo → discard   the old one serves again
 *
 * From `swap` on, everything that matters is what the server itself shows (the names of databases carry the restore's
 * id), so that another process can undo or settle what a dead one began.
 */
export interface ServerPlace {
  /** What an administrator should know of what is restored, one sentence each. Complete after `prepare`. */
  readonly notices?: readonly string[];
  /**
   * Finds everything that would stop the restore, and changes nothing.
   * @returns whether the live database exists
   * @throws ConflictError when live data or its clients forbid it, SourceError when the server does, or cannot be reached
   */
  plan(options: { overwrite: boolean }): Promise<boolean>;
  /**
   * Makes the fresh database.
   * @throws ConflictError when it is there already
   */
  create(): Promise<void>;
  /**
   * Takes what the backup recorded of the database itself, for one that is not there any more. Before `load`; not
   * called for backups that recorded nothing. A place without this makes the database as the server does.
   * @throws ConflictError when it is of another kind of server, IntegrityError when it cannot be understood
   */
  adopt?(properties: Properties): Promise<void>;
  /**
   * Begins to load one file of the backup into the fresh database.
   * @throws ConflictError when the file is no dump of this kind of server
   */
  load(name: string, options: { signal?: AbortSignal }): Promise<DumpLoader>;
  /**
   * Checks the fresh database with the server's own means and reads all of it.
   * @throws IntegrityError when something in it is unsound
   */
  check(options: { signal?: AbortSignal; onBytes?: (bytes: number) => void }): Promise<void>;
  /** How many rows each table of the fresh database has. */
  countRows(options: { signal?: AbortSignal }): Promise<TableRows[]>;
  /**
   * Does what may fail of the swap ahead of it, on the fresh database alone. A place without this has nothing to do.
   * @returns what tells the live database, as it is before the swap, from any other of its name: plain data, no secrets
   */
  prepare?(): Promise<SwapPlan>;
  /**
   * Lets the fresh database take the live one's place.
   * @throws ConflictError when clients hold the live one; it may then be left half done, for `undo`
   */
  swap(options: { signal?: AbortSignal }): Promise<void>;
  /**
   * Brings the old database back from any point that `swap` reached. Nothing to bring back: not an error.
   * @param identity what `prepare` said before the swap, in a process that finds only what the server shows
   * @throws ConflictError when neither the old database nor what was there before can be found
   */
  undo(identity?: SwapPlan | null): Promise<void>;
  /** Drops the old database. */
  settle(): Promise<void>;
  /** Drops the fresh database. Not there: not an error. */
  discard(): Promise<void>;
}

/** Takes the bytes of one dump. */
export interface DumpLoader {
  /** `bytes` are only valid until the promise settles. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * All bytes were written: waits until they are loaded.
   * @throws SourceError with what the vendor's program said
   */
  end(): Promise<void>;
  /** Stops loading, and waits until that has happened. */
  stop(): Promise<void>;
}
