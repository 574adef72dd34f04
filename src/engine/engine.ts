/**
 * The engine as the rest of the server sees it. The real one runs in a worker thread (`engine/worker`).
 * Every method takes an AbortSignal where it may take long, and ends with CancelledError when that aborts.
 */
import type { ComponentEvidence } from '../shared/backup-check.js';
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
  /**
   * Puts right what dead processes left of restores: those that the journal names are undone or finished, and what
   * the others staged is removed. To be called before anything else is done with the till; may be interrupted and
   * called again. An entry stays in the journal until `acknowledgeRestore`. What cannot be removed now is a warning,
   * and is tried again by every later call.
   * @param unended restores that may have been running, as far as they are known
   * @throws ConflictError, SourceError, StorageError, IntegrityError when live data cannot be put right now
   */
  recoverRestores(unended: readonly UnendedRestore[]): Promise<RecoveredRestore[]>;
  /**
   * Forgets a restore whose end has been stored by the caller, when nothing is left of it: what a thread that died left
   * is put right first. What cannot be removed now is a warning, and is tried again later.
   * Not known: not an error.
   * @throws as `recoverRestores`; it is not forgotten then
   */
  acknowledgeRestore(restore: UnendedRestore): Promise<void>;
  /**
   * Reads every byte of a snapshot and compares it with its checksums; damage is reported, not thrown.
   * @throws CancelledError, NotFoundError, StorageError; IntegrityError when the snapshot object itself is damaged
   */
  verify(request: VerifyRequest, options: RunOptions<VerifyUpdate>): Promise<VerifyOutcome>;
  /**
   * Restores a snapshot to a scratch place, looks at it there, and removes it. Live data is not touched. A process that
   * dies leaves nothing that its next start, and `acknowledgeRestore` with the test's id, do not remove.
   * @throws IntegrityError naming what is wrong with the backup; CancelledError, ConflictError, NotFoundError,
   *   StorageError, SourceError when it could not be tested
   */
  testRestore(
    request: RestoreTestRequest,
    options: RunOptions<RestoreTestUpdate>,
  ): Promise<RestoreTestOutcome>;
  /**
   * Every object of the repository that is named by its content.
   * @throws CancelledError, StorageError
   */
  listObjects(options?: { signal?: AbortSignal }): Promise<ObjectListing>;
  /**
   * Reads objects whole, finds every flipped bit, and notes blocks of packs that are damaged: what is in them is stored
   * again by the next backup that finds it in the till. Rests after each object as long as that took.
   * @throws CancelledError, StorageError
   */
  checkObjects(request: CheckObjectsRequest, options: RunOptions<CheckObjectsUpdate>): Promise<ObjectCheck[]>;
  /** The backups that need something which is known to be damaged or missing. @throws CancelledError, StorageError */
  findDamagedBackups(options?: { signal?: AbortSignal }): Promise<DamagedBackups>;
  /**
   * The content of a snapshot in manifest order, component by component: an entry, then for a file its content in
   * pieces. Every chunk is authenticated, and the last piece of a file comes only after the whole file was compared with
   * its SHA-256. Reads no further than it is asked for; ends its work when the iteration is ended or the signal aborts.
   * The bytes of a piece stay valid; who keeps them keeps up to a block of 1 MiB.
   * @throws CancelledError, NotFoundError, InvalidInputError when the snapshot does not hold a component or a path,
   *   StorageError; IntegrityError naming the file that is damaged
   */
  streamSnapshot(request: StreamRequest, options?: { signal?: AbortSignal }): AsyncIterable<SnapshotPiece>;
  /** Every snapshot in the repository with the labels that it was made with, in no order. */
  listSnapshots(options?: { signal?: AbortSignal }): Promise<SnapshotDescription[]>;
  /** Makes a snapshot unreachable. Its space is reclaimed by a later clean-up. Not there: not an error. */
  deleteSnapshot(snapshotId: string): Promise<void>;
  /**
   * Removes what no snapshot needs. Safe beside running backups, restores, verifies, also of other servers: what they
   * may rely on stays for a later call.
   * @throws CancelledError, StorageError; ConflictError when another server cleans up; IntegrityError when a backup
   *   cannot be read, since nobody knows then what it needs; nothing was removed in these cases
   */
  prune(request: PruneRequest, options: RunOptions<PruneUpdate>): Promise<PruneOutcome>;
  /**
   * A key of 32 bytes for something beside the repository, such as `audit`: the same for every server that opens the
   * repository, also with another passphrase, and unknown to whoever cannot open it.
   */
  deriveKey(purpose: string): Promise<Uint8Array>;
  /**
   * How much the repository takes and how much is free.
   * @throws StorageError when the storage cannot be reached or written, CancelledError
   */
  measureStorage(options?: { signal?: AbortSignal }): Promise<StorageMeasure>;
  /** Ends the worker thread; running operations end with CancelledError. May be called twice. */
  close(): Promise<void>;
}

/** How full the storage is. */
export interface StorageMeasure {
  /** Kind and place, for people, without secrets. */
  location: string;
  usedBytes: number;
  /** Null where the storage cannot tell. */
  freeBytes: number | null;
  totalBytes: number | null;
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

/** A restore that may have been running when a process or a thread died. */
export interface UnendedRestore {
  restoreId: string;
  components: Component[];
  targetFolder: string | null;
  /** As in the request; they say where parts were staged. */
  paths: readonly string[] | null;
}

/** A restore whose swap was cut short by the death of its process, and put right. */
export interface RecoveredRestore extends UnendedRestore {
  backupId: string;
  /** `rolledBack`: everything is what it was; `completed`: everything is what was asked for. */
  end: 'rolledBack' | 'completed';
  /** What the restore would have answered. */
  outcome: RestoreOutcome;
}

/** A backup of what a restore is about to overwrite. */
export interface RestorePointRequest {
  backupId: string;
  labels: SnapshotLabels;
}

export interface RestoreRequest {
  restoreId: string;
  snapshotId: string;
  components: Component[];
  overwrite: boolean;
  validateOnly: boolean;
  /**
   * Files and folders to restore, in the form of `printPath`, each below one of the components, of which DATABASE is
   * none. Absent and null: everything. A component that holds none of them is left alone.
   */
  paths?: readonly string[] | null;
  /** Absolute folder to restore into instead of the live place; must be empty or absent. */
  targetFolder: string | null;
  /** Backs up first what will be overwritten, where there is something; null: does not. Only in the live place. */
  restorePoint: RestorePointRequest | null;
  /** Restores what is sound and leaves damaged files out, with a notice for each. Never for a live till. */
  skipDamaged?: boolean;
}

/** What of a snapshot is streamed. */
export interface StreamRequest {
  snapshotId: string;
  components: readonly Component[];
  /** As in RestoreRequest: with paths, the folders above them come too. */
  paths?: readonly string[] | null;
  /** false: entries alone, for their sizes and checksums; no content is read. */
  withContent: boolean;
}

/** Fields of every entry of a snapshot that is streamed. */
interface StreamedMetadata {
  component: Component;
  /** Path below the component, bytes as the manifest holds them: safe to join to a folder's path. */
  path: Uint8Array;
  /** Permission bits, 0 to 0o7777. */
  mode: number;
  /** Modification time in nanoseconds since 1970; may be negative. */
  mtimeNs: bigint;
  uid: number;
  gid: number;
}

/** An entry of a snapshot as it is streamed. `sizeBytes` is what its content will have. */
export type StreamedEntry =
  | ({ kind: 'directory' } & StreamedMetadata)
  | ({ kind: 'symlink'; target: Uint8Array } & StreamedMetadata)
  | ({ kind: 'file'; sizeBytes: number /** SHA-256, 32 bytes. */; checksum: Uint8Array } & StreamedMetadata);

/** One step of a streamed snapshot; `content` belongs to the file entry before it, which may have none. */
export type SnapshotPiece = StreamedEntry | { kind: 'content'; bytes: Uint8Array };

/** Asks for every byte of one snapshot to be read. */
export interface VerifyRequest {
  snapshotId: string;
}

/** Where a verification stands. Counters never go down. */
export interface VerifyUpdate {
  phase: 'VERIFYING';
  component: Component | null;
  processedBytes: number;
  totalBytes: number;
  processedFiles: number;
  totalFiles: number;
}

/** Asks for space to be reclaimed. */
export interface PruneRequest {
  /** Only says what would be removed. */
  dryRun: boolean;
  /** Snapshots that are to be taken for deleted already: what a dry run of a clean-up asks. */
  withoutSnapshots: readonly string[];
}

/** Where a clean-up stands: bytes of manifests read, and of packs rewritten. Counters never go down. */
export interface PruneUpdate {
  processedBytes: number;
  totalBytes: number;
}

/** What a clean-up did, or would do. Sizes in bytes. */
export interface PruneOutcome {
  /** Bytes that packs and index objects take less than before. */
  reclaimedBytes: number;
  /** Bytes that packs and index objects took before. */
  usedBytes: number;
  /** Dead bytes that stay, in packs too alive to be rewritten or waiting for the second phase. */
  deadBytes: number;
  removedPacks: number;
  rewrittenPacks: number;
  removedIndexes: number;
}

/** Asks for a snapshot to be restored on trial. */
export interface RestoreTestRequest {
  /** Names what is made on the way, as the id of a restore does. */
  testId: string;
  snapshotId: string;
}

/** Where a restore test stands. Counters never go down. */
export interface RestoreTestUpdate {
  phase: 'TESTING';
  component: Component | null;
  /** Bytes restored. */
  processedBytes: number;
}

/** What a restore test found in a backup that is good. */
export interface RestoreTestOutcome {
  components: TestedComponent[];
}

/** One component that was restored on trial: every file was read back and compared with its checksum. */
export type TestedComponent = ComponentEvidence;

/** What is in the storage. */
export interface ObjectListing {
  objects: { key: string; sizeBytes: number }[];
  /** Packs that the index names and the storage does not hold whole. */
  missingPacks: number;
}

/** Asks for objects to be read. */
export interface CheckObjectsRequest {
  keys: readonly string[];
}

/** Where a check of objects stands. Counters never go down. */
export interface CheckObjectsUpdate {
  phase: 'CHECKING_OBJECTS';
  component: null;
  processedBytes: number;
}

/** What a check of one object found. */
export interface ObjectCheck {
  key: string;
  /** 0 for one that was removed since it was listed. */
  checkedBytes: number;
  /** What is wrong with it, or null. */
  damage: string | null;
}

/** Backups that cannot be restored whole. */
export interface DamagedBackups {
  backups: DamagedBackup[];
  /** Snapshot objects that cannot be read at all. */
  unreadableSnapshots: string[];
}

/** A backup that needs something which is damaged or missing. */
export interface DamagedBackup {
  snapshotId: string;
  backupId: string;
  damagedFiles: number;
  /** The first 20 of them. */
  damaged: DamagedFile[];
}

/** One file that is not what was backed up. */
export interface DamagedFile {
  component: Component;
  /** In the form of `printPath`; null where the list of the component's files cannot be read on. */
  path: string | null;
  reason: string;
}

/** What a verification found. */
export interface VerifyOutcome {
  checkedBytes: number;
  checkedFiles: number;
  /** How many files are damaged; a component whose list cannot be read counts as one. */
  damagedFiles: number;
  /** The first 1,000 of them. */
  damaged: DamagedFile[];
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
  /** The restore point, from the moment that it is committed. */
  restorePoint: SnapshotDescription | null;
}

/** What a restore did; files and bytes are 0 when it only validated. */
export interface RestoreOutcome {
  validated: boolean;
  restoredFiles: number;
  skippedFiles: number;
  restoredBytes: number;
  /** What an administrator should know of what was restored, one sentence each. */
  notices: string[];
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
