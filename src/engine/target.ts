/**
 * What the engine asks of a place that it restores to. Implemented in `src/sources`.
 *
 * A restore is a transaction (docs/architecture.md, "A restore, step by step"):
 * `plan` (nothing changes) → `stage` (beside the live data) → `check` → `prepare` → `swap` → `commit`,
 * or `undo` after a `swap` that must not stand, and `discard` in every case that does not commit.
 * The engine calls `prepare` of every component, writes what they answer into its journal, calls `swap` of every
 * component (a final one last), then `commit` of every component; when one `swap` throws it calls `undo` on those that
 * were swapped, in the reverse order. After a crash the next process calls `undoSwap` or `finishSwap` of the targets.
 */

import type { TableRows } from '../shared/backup-check.js';
import type { Component } from '../shared/component.js';
import type { SpaceNeed } from '../shared/space.js';
import type { SwapPlan } from './journal.js';
import type { DirectoryEntry, FileEntry, SymlinkEntry } from './source.js';

export interface StageOptions {
  /** Names the staging folders, so that what a dead run left can be recognised. */
  restoreId: string;
  /** false: existing files stay and are skipped; a database that holds tables is a ConflictError of `plan`. */
  overwrite: boolean;
  /**
   * Only these files and folders, as the manifest names them: in its order, none within another. Entries of the folders
   * above them arrive too, for those that are missing. Absent and null: everything.
   */
  paths?: readonly Buffer[] | null;
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
  plan(needs: RestoreNeeds, options: StageOptions): Promise<TargetPlan>;
  /** Makes the staging place, on the same file system as what it will replace. */
  stage(options: StageOptions): Promise<Staging>;
  /**
   * For a final swap (`PreparedSwap.isFinal`) of a process that died: whether it happened. Changes nothing, unless
   * it cannot be told any more: then it keeps what is live under another name, and makes the swap happen.
   * @throws ConflictError when it cannot be told now
   */
  hasSwapped(plan: SwapPlan): Promise<SwapFinding>;
  /**
   * Brings back what was there before a swap of a process that died, however far it had come, and removes what it
   * staged. May be interrupted and called again; does nothing when all is done. Never called after a final swap.
   */
  undoSwap(plan: SwapPlan): Promise<void>;
  /** Removes what a swap kept and staged whose restore stands. May be interrupted and called again. */
  finishSwap(plan: SwapPlan): Promise<void>;
  /**
   * Removes what a restore staged that died before it swapped anything. Nothing there: not an error.
   * @param paths as in `StageOptions`
   */
  removeStaging(restoreId: string, paths: readonly Buffer[] | null): Promise<void>;
}

/** What `Target.hasSwapped` found. */
export interface SwapFinding {
  hasHappened: boolean;
  /** What an administrator should know of it, one sentence each. */
  notices: readonly string[];
}

/** What `Target.plan` found. */
export interface TargetPlan {
  /** What a backup of the live data would find: nothing there, something that cannot be read as what it should be, or data. */
  live: 'absent' | 'unusable' | 'present';
  /** Room that staging and swap take, at most, each on one file system. */
  space: readonly SpaceNeed[];
}

/** What `Staging.prepare` answers. */
export interface PreparedSwap {
  /** What `swap` will do, for the journal. */
  plan: SwapPlan;
  /**
   * True when `swap` is one transaction of the database's own that happens as a whole or not at all and is never taken
   * back: it comes last, and commits the restore.
   */
  isFinal: boolean;
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
  /** What an administrator should know of what is restored, one sentence each. Complete after `prepare`. */
  readonly notices?: readonly string[];
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
  /**
   * Looks into what is staged, for a restore test. After `check`; absent where there is nothing to look into.
   * @throws IntegrityError when it cannot be read
   */
  examine?(options: { signal?: AbortSignal }): Promise<Examination>;
  /**
   * Does what may fail of a swap ahead of it, without touching live data. After `check`.
   * @throws ConflictError when live data is in use in a way that forbids the swap
   */
  prepare(options?: { signal?: AbortSignal }): Promise<PreparedSwap>;
  /**
   * Puts the staged data in the live place, keeping what was there unless it is final. After `prepare`. When it throws,
   * `undo` is called; a final swap that throws has not happened. It stops when `signal` aborts, as long as it has not.
   */
  swap(options?: { signal?: AbortSignal }): Promise<void>;
  /** Brings back what was there before `swap`, however far it came. Never called after a final one that happened. */
  undo(): Promise<void>;
  /**
   * Lets go of what `swap` kept. The restore stands already.
   * @throws what keeps something from being removed: `Target.finishSwap` tries again later
   */
  commit(): Promise<void>;
  /** Removes everything staged. May be called at any time but after `commit`, and twice. */
  discard(): Promise<void>;
}

/** What was found in a staged database. */
export interface Examination {
  /** How many rows each table has. */
  tables: TableRows[];
  /** What was checked and by what, one sentence each. */
  findings: string[];
}

/** Writes one staged file. */
export interface FileWriter {
  /** Appends `bytes`, which must not change until the writer is closed or aborted. */
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
