/**
 * What the engine asks of a place that it captures from. Implemented in `src/sources`.
 *
 * A source runs in the engine's worker thread, so reading files is synchronous: one thread that only reads, hashes and
 * seals is faster than awaiting every read (docs/architecture.md, "Threads").
 */
import type { Component } from '../shared/component.js';

/** A part of the till that can be captured. */
export interface Source {
  readonly component: Component;
  /** What is captured, without secrets: a file name, or engine, host and database name. */
  readonly description: string;
  /** Paths of configured files and folders that are not there, as entries would have them. */
  absentPaths?(): Buffer[];
  /**
   * Counts what a capture would read, for progress. May be inexact: the till goes on working.
   * @param options.expected what the last backup held: answered as it is where counting takes long
   * @throws SourceError when the source is missing or unreadable
   */
  scan(options: { signal?: AbortSignal; expected?: SourceSize }): Promise<SourceSize>;
  /**
   * Opens a view of the source that does not change until it is closed, as far as the source can promise it
   * (a database: exactly; a folder: file by file). The caller closes it, also after an error.
   * @throws SourceError when the source is missing or unreadable
   */
  capture(options: { signal?: AbortSignal }): Promise<Capture>;
}

/** About what a capture will read. */
export interface SourceSize {
  totalBytes: number;
  totalFiles: number;
}

/** An open view of a source. */
export interface Capture {
  /**
   * Every entry once, parents before children, in manifest order (`comparePaths` of engine/snapshot/paths).
   * An entry is valid until the next iteration.
   */
  entries(): Iterable<SourceEntry> | AsyncIterable<SourceEntry>;
  /** What was left out so far and why, one sentence each: sockets, devices, absent folders. Complete after `entries()` ended. */
  readonly notices: readonly string[];
  /** Ends the view and releases its locks and temporary files. May be called twice. */
  close(): Promise<void>;
}

/** Fields that every entry has. */
interface EntryBase {
  /**
   * Path below the component, `/`-separated bytes without a leading slash, `.`, `..`, or empty parts.
   * Bytes, because POSIX names need not be UTF-8.
   */
  path: Buffer;
  /** Permission bits, 0 to 0o7777. */
  mode: number;
  /** Modification time in nanoseconds since 1970. */
  mtimeNs: bigint;
  uid: number;
  gid: number;
}

/** A folder, also an empty one. */
export interface DirectoryEntry extends EntryBase {
  kind: 'directory';
}

export interface SymlinkEntry extends EntryBase {
  kind: 'symlink';
  /** What the link says, byte for byte; it is never followed. */
  target: Buffer;
}

/**
 * What tells that a file did not change since the parent backup without reading it.
 * Null when its last change is so recent that a later one could bear the same time stamp.
 */
export interface FileIdentity {
  device: bigint;
  inode: bigint;
  ctimeNs: bigint;
}

export interface FileEntry extends EntryBase {
  kind: 'file';
  /** Bytes at the time of the listing; the content read is what counts. */
  sizeBytes: number;
  identity: FileIdentity | null;
  /** `pages`: cut in fixed runs, for a file whose parts never move; `content`: cut where the content says. */
  cutting: 'pages' | 'content';
  /**
   * Opens the content for reading.
   * @returns null when the file has vanished since it was listed
   * @throws SourceError when it cannot be read
   */
  open(): FileReader | null;
}

/** Anything that a source can hold. */
export type SourceEntry = DirectoryEntry | SymlinkEntry | FileEntry;

/** Reads one file from its start. */
export interface FileReader {
  /**
   * Fills `buffer` with the next bytes.
   * @returns how many were read; 0 only at the end of the file. A promise where bytes arrive from elsewhere (a dump);
   *   a file answers at once
   * @throws SourceError when it cannot be read to its end
   */
  read(buffer: Uint8Array): number | Promise<number>;
  /** True when the file changed since it was opened, so that what was read may be a mixture. Asked at the end. */
  hasChanged(): boolean;
  /** Releases the file. May be called twice. */
  close(): void;
}
