/**
 * The engine as the rest of the server sees it. The real one runs in a worker thread (`engine/worker`).
 * Every method takes an AbortSignal where it may take long, and ends with CancelledError when that aborts.
 */
import type { Component } from '../shared/component.js';
import type { BackupPhase, RestorePhase } from '../shared/operation.js';

export interface Engine {
  /**
   * Opens the repository. Without one, makes one if `mayCreate` is set: a server that knows of backups does not, since
   * an empty storage is then a storage that is not mounted.
   * @throws KeyError when the key is not the repository's, IntegrityError when its head is damaged,
   *   StorageError when the storage cannot be reached, NotFoundError when there is no repository and none may be made
   */
  open(options: { mayCreate: boolean }): Promise<void>;
  /**
   * Captures components and commits them as one snapshot, or leaves nothing that is reachable.
   * @throws CancelledError, SourceError, StorageError
   */
  backup(request: BackupRequest, options: RunOptions<BackupUpdate>): Promise<BackupOutcome>;
  /**
   * Validates a snapshot and, unless `validateOnly`, restores it as a transaction.
   * @throws CancelledError, ConflictError, IntegrityError, NotFoundError, StorageError, SourceError;
   *   `details.rolledBack` is true when live data had been touched and was brought back
   */
  restore(request: RestoreRequest, options: RunOptions<RestoreUpdate>): Promise<RestoreOutcome>;
  /** Every snapshot in the repository with the labels that it was made with, in no order. */
  listSnapshots(options?: { signal?: AbortSignal }): Promise<SnapshotDescription[]>;
  /** Makes a snapshot unreachable. Its space is reclaimed by a later clean-up. Not there: not an error. */
  deleteSnapshot(snapshotId: string): Promise<void>;
  /** Ends the worker thread; running operations end with CancelledError. May be called twice. */
  close(): Promise<void>;
}

export interface RunOptions<Update> {
  signal?: AbortSignal;
  /** Called often, in order; the receiver throttles. */
  onProgress?: (update: Update) => void;
}

/** Data about a backup that the engine keeps for its caller and never interprets. */
export type SnapshotLabels = Record<string, string | number | boolean | null>;

export interface BackupRequest {
  backupId: string;
  components: Component[];
  encrypt: boolean;
  compress: boolean;
  /** zstd level 1 to 19; null: the engine's default. */
  compressionLevel: number | null;
  labels: SnapshotLabels;
}

/** Where a backup stands. Counters never go down within one run. */
export interface BackupUpdate {
  phase: Exclude<BackupPhase, 'QUEUED' | 'DONE'>;
  component: Component | null;
  processedBytes: number;
  totalBytes: number;
  storedBytes: number;
  processedFiles: number;
  totalFiles: number;
}

export interface CapturedComponent {
  component: Component;
  source: string;
  sizeBytes: number;
  storedBytes: number;
  fileCount: number;
  /** Lower-case hex SHA-256; docs/format.md says over what. */
  checksum: string;
}

export interface BackupOutcome {
  snapshotId: string;
  components: CapturedComponent[];
  sizeBytes: number;
  storedBytes: number;
  fileCount: number;
  /** SHA-256 over the whole backup, lower-case hex. */
  checksum: string;
  notices: string[];
}

export interface RestoreRequest {
  restoreId: string;
  snapshotId: string;
  components: Component[];
  overwrite: boolean;
  validateOnly: boolean;
  /** Absolute folder to restore into instead of the live place; must be empty or absent. */
  targetFolder: string | null;
}

/** Where a restore stands. Counters never go down within one phase, and `totalBytes` covers all phases. */
export interface RestoreUpdate {
  phase: Exclude<RestorePhase, 'QUEUED' | 'DONE'>;
  component: Component | null;
  processedBytes: number;
  totalBytes: number;
  processedFiles: number;
  totalFiles: number;
  /** True from the moment that every byte to be restored has been checked. */
  validated: boolean;
}

/** What a restore did; files and bytes are 0 when it only validated. */
export interface RestoreOutcome {
  validated: boolean;
  restoredFiles: number;
  skippedFiles: number;
  restoredBytes: number;
}

export interface SnapshotDescription extends BackupOutcome {
  backupId: string;
  encrypted: boolean;
  compressed: boolean;
  /** Milliseconds since 1970. */
  startedAtMs: number;
  completedAtMs: number;
  labels: SnapshotLabels;
}
