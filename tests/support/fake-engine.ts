import { createHash } from 'node:crypto';
import type {
  BackupOutcome,
  BackupRequest,
  BackupUpdate,
  CheckObjectsRequest,
  CheckObjectsUpdate,
  DamagedBackups,
  Engine,
  ObjectCheck,
  ObjectListing,
  PruneOutcome,
  PruneRequest,
  PruneUpdate,
  RecoveredRestore,
  RestoreOutcome,
  RestoreRequest,
  RestoreTestOutcome,
  RestoreTestRequest,
  RestoreTestUpdate,
  RestoreUpdate,
  RunOptions,
  SnapshotDescription,
  SnapshotPiece,
  StorageMeasure,
  StreamRequest,
  TestedComponent,
  UnendedRestore,
  VerifyOutcome,
  VerifyRequest,
  VerifyUpdate,
} from '../../src/engine/index.js';
import { CancelledError, throwIfCancelled } from '../../src/shared/errors.js';

const VERIFYING: VerifyUpdate = {
  phase: 'VERIFYING',
  component: 'DATABASE',
  processedBytes: 0,
  totalBytes: 1_000,
  processedFiles: 0,
  totalFiles: 4,
};

/** What a restore test of the fake finds. */
export const TESTED: TestedComponent = {
  component: 'DATABASE',
  files: 1,
  sizeBytes: 1_000,
  durationMs: 12,
  tables: [{ name: 'sales', rows: 7 }],
  findings: ['All of it was looked at'],
};

/** Waits until `gate` opens or the signal aborts, as an engine at work would. */
export async function workUntil(gate: Promise<void>, signal?: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const stop = () => aborted.reject(new CancelledError());
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    await Promise.race([gate, aborted.promise]);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** An engine whose work is a script: it keeps snapshots in memory and captures nothing. */
export class FakeEngine implements Engine {
  readonly snapshots = new Map<string, SnapshotDescription>();
  readonly deleted: string[] = [];
  readonly restoreRequests: RestoreRequest[] = [];
  /** What `recoverRestores` was given, and what it answers. */
  readonly unended: UnendedRestore[] = [];
  interrupted: RecoveredRestore[] = [];
  /** What happens before it answers. */
  duringRecovery: () => Promise<void> = async () => {};
  readonly acknowledged: string[] = [];
  /** What a backup turns out to hold. */
  describe: (snapshot: SnapshotDescription) => SnapshotDescription = (snapshot) => snapshot;
  /** What happens during a backup, before it is committed. */
  duringBackup: (request: BackupRequest, options: RunOptions<BackupUpdate>) => Promise<void> = async () => {};
  /** What happens during a restore. */
  duringRestore: (request: RestoreRequest, options: RunOptions<RestoreUpdate>) => Promise<void> =
    async () => {};
  readonly pruneRequests: PruneRequest[] = [];
  /** What happens during a clean-up, and what it answers. */
  duringPrune: (request: PruneRequest, options: RunOptions<PruneUpdate>) => Promise<void> = async () => {};
  pruned: PruneOutcome = {
    reclaimedBytes: 400,
    usedBytes: 1_000,
    deadBytes: 0,
    removedPacks: 1,
    rewrittenPacks: 0,
    removedIndexes: 1,
  };
  /** What is in the storage, what is wrong with it, what was read of it, and whom that hits. */
  objects: ObjectListing['objects'] = [];
  readonly damage = new Map<string, string>();
  readonly checkedObjects: string[] = [];
  damagedBackups: DamagedBackups = { backups: [], unreadableSnapshots: [] };
  /** What happens during a check of objects. */
  duringCheck: (signal?: AbortSignal) => Promise<void> = async () => {};
  /** What a verification finds. */
  duringVerify: (request: VerifyRequest, options: RunOptions<VerifyUpdate>) => Promise<VerifyOutcome> =
    async () => ({ checkedBytes: 1_000, checkedFiles: 4, damagedFiles: 0, damaged: [] });
  /** What happens during a restore test. */
  duringTest: (request: RestoreTestRequest, options: RunOptions<RestoreTestUpdate>) => Promise<void> =
    async () => {};
  /** What happens when a snapshot is deleted, before it is. */
  duringDelete: (snapshotId: string) => Promise<void> = async () => {};

  async open(): Promise<void> {}
  async close(): Promise<void> {}
  /** What `measureStorage` answers, or throws. */
  storage: StorageMeasure | Error = {
    location: 'memory:',
    usedBytes: 500,
    freeBytes: 800,
    totalBytes: 1_000,
  };
  async measureStorage(): Promise<StorageMeasure> {
    if (this.storage instanceof Error) throw this.storage;
    return this.storage;
  }
  async deriveKey(purpose: string): Promise<Uint8Array> {
    return createHash('sha256').update(purpose).digest();
  }

  async backup(request: BackupRequest, options: RunOptions<BackupUpdate>): Promise<BackupOutcome> {
    throwIfCancelled(options.signal);
    options.onProgress?.(toBackupUpdate({ phase: 'SCANNING' }));
    options.onProgress?.(toBackupUpdate({ phase: 'CAPTURING', processedBytes: 0, totalBytes: 1_000 }));
    await this.duringBackup(request, options);
    throwIfCancelled(options.signal);
    options.onProgress?.(toBackupUpdate({ phase: 'FINALIZING', processedBytes: 1_000, totalBytes: 1_000 }));
    const snapshot = this.describe(describeSnapshot(request));
    this.snapshots.set(snapshot.snapshotId, snapshot);
    return snapshot;
  }

  async restore(request: RestoreRequest, options: RunOptions<RestoreUpdate>): Promise<RestoreOutcome> {
    throwIfCancelled(options.signal);
    this.restoreRequests.push(request);
    options.onProgress?.(toRestoreUpdate({ phase: 'VALIDATING' }));
    await this.duringRestore(request, options);
    throwIfCancelled(options.signal);
    const isWritten = !request.validateOnly;
    return {
      validated: true,
      restoredFiles: isWritten ? 3 : 0,
      skippedFiles: 0,
      restoredBytes: isWritten ? 1_000 : 0,
      notices: [],
    };
  }

  async recoverRestores(unended: readonly UnendedRestore[]): Promise<RecoveredRestore[]> {
    this.unended.push(...unended);
    await this.duringRecovery();
    return this.interrupted;
  }

  async acknowledgeRestore({ restoreId }: UnendedRestore): Promise<void> {
    this.acknowledged.push(restoreId);
  }

  async verify(request: VerifyRequest, options: RunOptions<VerifyUpdate>): Promise<VerifyOutcome> {
    throwIfCancelled(options.signal);
    options.onProgress?.({ ...VERIFYING, processedBytes: 400 });
    return this.duringVerify(request, options);
  }

  async testRestore(
    request: RestoreTestRequest,
    options: RunOptions<RestoreTestUpdate>,
  ): Promise<RestoreTestOutcome> {
    throwIfCancelled(options.signal);
    options.onProgress?.({ phase: 'TESTING', component: 'DATABASE', processedBytes: 1_000 });
    await this.duringTest(request, options);
    return { components: [TESTED] };
  }

  async listObjects(): Promise<ObjectListing> {
    return { objects: this.objects, missingPacks: 0 };
  }

  async checkObjects(
    { keys }: CheckObjectsRequest,
    { signal }: RunOptions<CheckObjectsUpdate>,
  ): Promise<ObjectCheck[]> {
    throwIfCancelled(signal);
    this.checkedObjects.push(...keys);
    await this.duringCheck(signal);
    return keys.map((key) => ({ key, checkedBytes: 1_000, damage: this.damage.get(key) ?? null }));
  }

  async findDamagedBackups(): Promise<DamagedBackups> {
    return this.damagedBackups;
  }

  async prune(request: PruneRequest, options: RunOptions<PruneUpdate>): Promise<PruneOutcome> {
    throwIfCancelled(options.signal);
    this.pruneRequests.push(request);
    options.onProgress?.({ processedBytes: 0, totalBytes: 1_000 });
    await this.duringPrune(request, options);
    throwIfCancelled(options.signal);
    return this.pruned;
  }

  /** What `streamSnapshot` gives. */
  streamed: (request: StreamRequest, signal?: AbortSignal) => AsyncIterable<SnapshotPiece> =
    async function* () {};

  streamSnapshot(
    request: StreamRequest,
    { signal }: { signal?: AbortSignal } = {},
  ): AsyncIterable<SnapshotPiece> {
    return this.streamed(request, signal);
  }

  async listSnapshots(): Promise<SnapshotDescription[]> {
    return [...this.snapshots.values()];
  }

  async deleteSnapshot(snapshotId: string): Promise<void> {
    await this.duringDelete(snapshotId);
    this.snapshots.delete(snapshotId);
    this.deleted.push(snapshotId);
  }
}

/** The snapshot that a request makes: 1,000 bytes and 4 files, 400 bytes stored. */
export function describeSnapshot(request: BackupRequest): SnapshotDescription {
  const checksum = createHash('sha256').update(request.backupId).digest('hex');
  const share = 1_000 / request.components.length;
  return {
    snapshotId: checksum,
    backupId: request.backupId,
    components: request.components.map((component) => ({
      component,
      source: `${component.toLowerCase()} of the till`,
      sizeBytes: share,
      storedBytes: share * 0.4,
      fileCount: 4 / request.components.length,
      checksum,
    })),
    sizeBytes: 1_000,
    storedBytes: 400,
    fileCount: 4,
    checksum,
    notices: ['A socket was left out'],
    encrypted: request.encrypt,
    compressed: request.compress,
    startedAtMs: Date.parse('2026-03-01T10:00:00Z'),
    completedAtMs: Date.parse('2026-03-01T10:00:05Z'),
    labels: request.labels,
  };
}

/** A report of a backup's progress: nothing done, but for `changes`. */
export function toBackupUpdate(changes: Partial<BackupUpdate>): BackupUpdate {
  return {
    phase: 'CAPTURING',
    component: null,
    processedBytes: 0,
    totalBytes: 0,
    storedBytes: 0,
    processedFiles: 0,
    totalFiles: 0,
    ...changes,
  };
}

/** A report of a restore's progress: nothing done, but for `changes`. */
export function toRestoreUpdate(changes: Partial<RestoreUpdate>): RestoreUpdate {
  return {
    phase: 'VALIDATING',
    component: null,
    processedBytes: 0,
    totalBytes: 0,
    processedFiles: 0,
    totalFiles: 0,
    validated: false,
    restorePoint: null,
    ...changes,
  };
}
