import { randomUUID } from 'node:crypto';
import type { ApiDeps } from '../../src/api/schema.js';
import type { AuditEvent } from '../../src/services/audit-service.js';
import type { OperationChange } from '../../src/services/operation-feed.js';
import type { BackupCheck } from '../../src/shared/backup-check.js';
import { ConflictError, InvalidInputError, NotFoundError } from '../../src/shared/errors.js';
import {
  type BackupProgressRecord,
  type BackupRecord,
  isBackupEnded,
  isRestoreEnded,
  type RestoreProgressRecord,
  type RestoreRecord,
} from '../../src/shared/operation.js';
import type { ScheduleRecord } from '../../src/shared/schedule.js';
import { EventSource } from './event-source.js';

/** A backup as it is stored, COMPLETED but for `changes`. */
export function makeBackup(changes: Partial<BackupRecord> = {}): BackupRecord {
  const createdAt = new Date('2026-01-31T09:30:00.000Z');
  return {
    id: randomUUID(),
    name: 'backup-2026-01-31-abcdef',
    type: 'FULL',
    status: 'COMPLETED',
    trigger: 'MANUAL',
    requestedComponents: ['DATABASE'],
    components: [
      {
        component: 'DATABASE',
        source: 'till.db',
        sizeBytes: 5_000_000_000,
        storedBytes: 7,
        fileCount: 1,
        checksum: 'ab',
      },
    ],
    sizeBytes: 5_000_000_000,
    storedBytes: 7,
    fileCount: 1,
    encrypted: true,
    compressed: true,
    compressionLevel: null,
    checksum: 'ab',
    retentionDays: 30,
    expiresAt: new Date(createdAt.getTime() + 30 * 86_400_000),
    pinned: false,
    createdAt,
    startedAt: createdAt,
    completedAt: createdAt,
    createdBy: 'anna',
    error: null,
    notices: [],
    snapshotId: 'ab',
    scheduleId: null,
    keepRules: null,
    suspicion: null,
    confirmedAt: null,
    idempotencyKey: null,
    ...changes,
  };
}

/** A restore as it is stored, COMPLETED but for `changes`. */
export function makeRestore(changes: Partial<RestoreRecord> = {}): RestoreRecord {
  const createdAt = new Date('2026-02-01T09:30:00.000Z');
  return {
    id: randomUUID(),
    backupId: randomUUID(),
    backupName: 'backup-2026-01-31-abcdef',
    status: 'COMPLETED',
    components: ['DATABASE'],
    paths: null,
    overwrite: false,
    validateOnly: false,
    targetPath: null,
    validated: true,
    takesRestorePoint: true,
    restorePointId: null,
    restoredFiles: 1,
    skippedFiles: 0,
    restoredBytes: 5_000_000_000,
    notices: [],
    createdAt,
    startedAt: createdAt,
    completedAt: createdAt,
    createdBy: 'anna',
    error: null,
    idempotencyKey: null,
    ...changes,
  };
}

/** One step of a backup's progress. */
export function makeProgress(
  backupId: string,
  sequence: number,
  phase: BackupProgressRecord['phase'],
): BackupProgressRecord {
  return {
    backupId,
    sequence,
    status: phase === 'DONE' ? 'COMPLETED' : 'RUNNING',
    phase,
    component: null,
    percent: phase === 'DONE' ? 100 : 50,
    processedBytes: sequence,
    totalBytes: 10,
    storedBytes: 1,
    processedFiles: 1,
    totalFiles: 1,
    bytesPerSecond: null,
    etaSeconds: null,
    message: null,
    at: new Date('2026-01-31T09:30:00.000Z'),
  };
}

/**
 * The services as far as the transports need them, in memory: operations never run by themselves; a test
 * moves them on. What the real services check is tested with the real services.
 */
export class MemoryServices implements Omit<ApiDeps, 'logger' | 'clock' | 'random'> {
  readonly backupRecords = new Map<string, BackupRecord>();
  readonly restoreRecords = new Map<string, RestoreRecord>();
  readonly events = new EventSource<BackupProgressRecord>();
  readonly restoreEvents = new EventSource<RestoreProgressRecord>();
  readonly changes = new EventSource<OperationChange>();
  readonly audited: AuditEvent[] = [];
  readonly checkRecords: BackupCheck[] = [];

  readonly backups: ApiDeps['backups'] = {
    get: async (id) => found(this.backupRecords.get(id), 'backup', id),
    findAll: async (ids) => ids.map((id) => this.backupRecords.get(id) ?? null),
    list: async ({ page, limit }) => {
      if (page < 1) throw new InvalidInputError(`page must be at least 1, found ${page}`);
      const all = [...this.backupRecords.values()];
      const bytes = all.reduce((sum, backup) => sum + backup.sizeBytes, 0);
      const counts = { total: all.length, completed: all.length, failed: 0, running: 0 };
      const summary = { ...counts, totalSizeBytes: bytes, totalStoredBytes: 0, oldest: null, newest: null };
      return { items: all.slice((page - 1) * limit, page * limit), total: all.length, summary };
    },
    create: async (actor, input) => {
      const backup = makeBackup({
        status: 'QUEUED',
        createdBy: actor.subject,
        type: input.type,
        components: [],
      });
      this.backupRecords.set(backup.id, backup);
      return backup;
    },
    delete: async (_actor, id) => {
      found(this.backupRecords.get(id), 'backup', id);
      this.backupRecords.delete(id);
    },
    cancel: async (_actor, id) => {
      const backup = found(this.backupRecords.get(id), 'backup', id);
      if (isBackupEnded(backup.status)) throw new ConflictError('The backup has ended');
      return { ...backup, status: 'CANCELLED' };
    },
    deleteAll: async (_actor, ids) => ids.map((id) => ({ id, error: null })),
    pin: async (_actor, id, pinned) => ({ ...found(this.backupRecords.get(id), 'backup', id), pinned }),
    confirm: async (_actor, id) => found(this.backupRecords.get(id), 'backup', id),
  };

  readonly schedules: ApiDeps['schedules'] = {
    list: async () => [],
    create: async () => found<ScheduleRecord>(undefined, 'schedule', 'none'),
    update: async (_actor, id) => found<ScheduleRecord>(undefined, 'schedule', id),
    delete: async (_actor, id) => found(undefined, 'schedule', id),
    run: async (_actor, id) => found<BackupRecord>(undefined, 'schedule', id),
    nextRuns: () => [],
    lastBackup: async () => null,
  };

  readonly cleanup: ApiDeps['cleanup'] = {
    run: async (_agent, { dryRun }) => ({
      dryRun,
      expiredBackups: [],
      kept: [],
      reclaimedBytes: 0,
      suspended: null,
    }),
  };

  readonly restores: ApiDeps['restores'] = {
    get: async (id) => found(this.restoreRecords.get(id), 'restore', id),
    list: async () => {
      const items = [...this.restoreRecords.values()];
      const counts = { completed: items.length, failed: 0, running: 0, rolledBack: 0, validated: 0 };
      return { items, total: items.length, summary: { total: items.length, ...counts } };
    },
    create: async (_actor, { backupId }) => makeRestore({ backupId, status: 'QUEUED' }),
    cancel: async (_actor, id) => {
      const restore = found(this.restoreRecords.get(id), 'restore', id);
      if (isRestoreEnded(restore.status)) throw new ConflictError('The restore has ended');
      return { ...restore, status: 'CANCELLED' };
    },
  };

  readonly downloads: ApiDeps['downloads'] = {
    createLink: (_actor, { id, status }, { format }) => (status === 'COMPLETED' ? `${id}?${format}` : null),
  };

  readonly progress: ApiDeps['progress'] = {
    backupProgress: async (id, _after, signal) => {
      found(this.backupRecords.get(id), 'backup', id);
      return this.events.subscribe(signal);
    },
    restoreProgress: async (id, _after, signal) => {
      found(this.restoreRecords.get(id), 'restore', id);
      return this.restoreEvents.subscribe(signal);
    },
    latestBackupProgresses: async (ids) =>
      ids.map((id) => (this.backupRecords.has(id) ? makeProgress(id, 3, 'DONE') : null)),
    latestRestoreProgresses: async (ids) => ids.map(() => null),
  };

  readonly checks: ApiDeps['checks'] = {
    start: async (actor, kind, backupId) => {
      found(this.backupRecords.get(backupId), 'backup', backupId);
      const check: BackupCheck = {
        id: randomUUID(),
        backupId,
        kind,
        status: 'RUNNING',
        checkedBytes: 0,
        createdBy: actor.subject,
        startedAt: new Date('2026-02-01T09:30:00.000Z'),
        completedAt: null,
        error: null,
        evidence: null,
      };
      this.checkRecords.push(check);
      return check;
    },
    latest: async (backupId, kind) =>
      this.checkRecords.findLast((check) => check.backupId === backupId && check.kind === kind) ?? null,
  };

  readonly repository: ApiDeps['repository'] = {
    coverage: async () => ({
      days: 30,
      isRunning: false,
      objects: 4,
      totalBytes: 5_000_000_000,
      checkedBytes: 2_500_000_000,
      coveredPercent: 50,
      oldestAt: new Date('2026-01-02T03:04:05.000Z'),
      damagedObjects: 0,
    }),
  };

  readonly operations: ApiDeps['operations'] = { subscribe: (signal) => this.changes.subscribe(signal) };

  readonly audit: ApiDeps['audit'] = {
    record: async (event) => {
      this.audited.push(event);
    },
    list: async () => ({ items: [], total: 0 }),
    verify: async () => ({
      ok: true,
      checkedEntries: 0,
      firstSequence: null,
      lastSequence: null,
      brokenId: null,
      reason: null,
    }),
  };

  readonly health: ApiDeps['health'] = {
    check: async () => ({ status: 'OK', version: '0', uptimeSeconds: 1, checks: [] }),
  };

  readonly storage: ApiDeps['storage'] = {
    status: async () => ({
      location: 'memory:',
      usedBytes: 0,
      freeBytes: null,
      sizeBytes: 0,
      reductionRatio: 1,
    }),
  };

  readonly alerts: ApiDeps['alerts'] = {
    list: async () => ({ items: [], total: 0 }),
    close: async (_actor, id) => {
      throw new NotFoundError(`There is no alert "${id}"`);
    },
    findDelivery: async () => ({ state: 'NONE', attempts: 0, lastError: null }),
  };

  /** Adds a backup and answers it. */
  addBackup(changes: Partial<BackupRecord> = {}): BackupRecord {
    const backup = makeBackup(changes);
    this.backupRecords.set(backup.id, backup);
    return backup;
  }

  /** Adds a restore and answers it. */
  addRestore(changes: Partial<RestoreRecord> = {}): RestoreRecord {
    const restore = makeRestore(changes);
    this.restoreRecords.set(restore.id, restore);
    return restore;
  }
}

function found<T>(record: T | undefined, noun: string, id: string): T {
  if (!record) throw new NotFoundError(`There is no ${noun} "${id}"`);
  return record;
}
