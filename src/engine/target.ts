/**
 * What the engine asks of a place that it restores to. Implemented in `src/sources`.
 *
 * A restore is a transaction (docs/architecture.md, "A restore, step by step"):
 * `plan` (nothing changes) → `stage` (beside the live data) → `check` → `swap` → `commit`,
 * or `undo` after a `swap` that must not stand, and `discard` in every case that does not commit.
 * The engine calls `swap` of every component, then `commit` of every component; when one `swap` throws it calls
 * `undo` on those that were swapped, in the reverse order.
 */
import type { Component } from '../shared/component.js';
import type { DirectoryEntry, FileEntry, SymlinkEntry } from './source.js';

export interface StageOptions {
  /** Names the staging folders, so that what a dead run left can be recognised. */
  restoreId: string;
  /** false: existing files stay and are skipped; a database that holds tables is a ConflictError of `plan`. */
  overwrite: boolean;
  signal?: AbortSignal;
}

/** What a restore of this component would need and meet. */
export interface RestoreNeeds {
  /** Content bytes of the component, for the check of free space. */
  totalBytes: number;
  totalFiles: number;
}

/** A part of the till that can be restored to. */
export interface Target {
  readonly component: Component;
  /**
   * Finds everything that would stop the restore, and changes nothing.
   * @throws ConflictError when live data forbids it, StorageError (INSUFFICIENT_STORAGE) when space is short,
   *   SourceError when the place cannot be written
   */
  plan(needs: RestoreNeeds, options: StageOptions): Promise<void>;
  /** Makes the staging place, on the same file system as what it will replace. */
  stage(options: StageOptions): Promise<Staging>;
}

/** Metadata of an entry as the manifest holds it. */
export type RestoredDirectory = Omit<DirectoryEntry, 'kind'>;
export type RestoredSymlink = Omit<SymlinkEntry, 'kind'>;
/** Size and checksum come with the last byte (`RestoredContent`): a manifest is read as a stream. */
export type RestoredFile = Omit<FileEntry, 'kind' | 'identity' | 'open' | 'cutting' | 'sizeBytes'>;

/** What a whole file must be. */
export interface RestoredContent {
  sizeBytes: number;
  /** SHA-256, 32 bytes. */
  checksum: Uint8Array;
}

/** One component being restored. Entries arrive in manifest order, checked: parents first, no path leaves the component. */
export interface Staging {
  directory(entry: RestoredDirectory): Promise<void>;
  symlink(entry: RestoredSymlink): Promise<'staged' | 'skipped'>;
  /** @returns null when the file exists already and stays (`overwrite: false`) */
  file(entry: RestoredFile): Promise<FileWriter | null>;
  /** Sets times and modes that had to wait, syncs everything staged. After the last entry. */
  finish(): Promise<void>;
  /**
   * Reads everything staged back and compares it with its checksums; a database is also checked by its own tools.
   * @throws IntegrityError naming the file that is wrong
   */
  check(options: { signal?: AbortSignal; onBytes?: (bytes: number) => void }): Promise<void>;
  /** Puts the staged data in the live place, keeping what was there. All or nothing for this component. */
  swap(): Promise<void>;
  /** Brings back what was there before `swap`. */
  undo(): Promise<void>;
  /** Lets go of what `swap` kept. After this the restore stands. Never throws for what can be removed later. */
  commit(): Promise<void>;
  /** Removes everything staged. May be called at any time but after `commit`, and twice. */
  discard(): Promise<void>;
}

/** Writes one staged file. */
export interface FileWriter {
  /** Appends `bytes`, which are only valid until the promise settles. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Makes the file what the entry says: length, mode, times, synced to disk (at the latest by `Staging.finish`).
   * `content` is what `Staging.check` compares with what it reads back.
   * Writers of several files may be open and closing at the same time.
   */
  close(content: RestoredContent): Promise<void>;
  /** Closes without finishing. May be called after an error of any call. */
  abort(): Promise<void>;
}
