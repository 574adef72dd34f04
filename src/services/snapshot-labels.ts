import type { SnapshotDescription, SnapshotLabels } from '../engine/index.js';
import { COMPONENTS } from '../shared/component.js';
import { type BackupRecord, TRIGGERS, type Trigger } from '../shared/operation.js';
import { KEEP_PERIODS, type KeepRules } from '../shared/schedule.js';
import { type AuditHead, parseHead } from './audit-chain.js';
import type { AuditWitness } from './audit-verifier.js';

/**
 * The end of the audit log that a snapshot of the server `serverId` has seen. Null when it has seen none, or is another
 * server's: servers can share a storage, and have logs of their own.
 */
export function toAuditWitness(
  { backupId, labels }: SnapshotDescription,
  serverId: string,
): AuditWitness | null {
  const head = parseHead({ sequence: labels.auditSequence, hash: labels.auditHash });
  return labels.auditServer === serverId && head ? { ...head, keptBy: `backup '${backupId}'` } : null;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** When a backup made at `createdAt` expires. */
export function toExpiry(createdAt: Date, retentionDays: number): Date {
  return new Date(createdAt.getTime() + retentionDays * DAY_MS);
}

/**
 * What of a backup's metadata is kept in its snapshot, so that losing the metadata loses no backup.
 * @param auditHead the end of the audit log: a snapshot is out of reach of whoever can write the log's database
 */
export function toSnapshotLabels(
  backup: BackupRecord,
  auditHead: (AuditHead & { serverId: string }) | null = null,
): SnapshotLabels {
  return {
    ...(auditHead && {
      auditServer: auditHead.serverId,
      auditSequence: auditHead.sequence,
      auditHash: auditHead.hash,
    }),
    name: backup.name,
    type: backup.type,
    trigger: backup.trigger,
    createdBy: backup.createdBy,
    createdAt: backup.createdAt.getTime(),
    retentionDays: backup.retentionDays,
    compressionLevel: backup.compressionLevel,
    pinned: backup.pinned,
    ...(backup.scheduleId === null ? {} : { scheduleId: backup.scheduleId }),
    ...(backup.keepRules === null ? {} : { keepRules: JSON.stringify(backup.keepRules) }),
  };
}

/** The backup that a snapshot is, rebuilt from what the repository says. Labels that are missing get a fair value. */
export function toBackupOfSnapshot(snapshot: SnapshotDescription): BackupRecord {
  const { labels } = snapshot;
  const number = (key: string, fallback: number): number =>
    typeof labels[key] === 'number' ? labels[key] : fallback;
  const text = (key: string, fallback: string): string =>
    typeof labels[key] === 'string' ? labels[key] : fallback;
  const createdAt = new Date(number('createdAt', snapshot.startedAtMs));
  const retentionDays = number('retentionDays', 365);
  const isWhole = snapshot.components.length === COMPONENTS.length;
  const trigger = TRIGGERS.find((known) => known === labels.trigger) satisfies Trigger | undefined;
  return {
    id: snapshot.backupId,
    name: text('name', `backup-${snapshot.backupId}`),
    type: text('type', isWhole ? 'FULL' : 'PARTIAL') === 'FULL' ? 'FULL' : 'PARTIAL',
    status: 'COMPLETED',
    trigger: trigger ?? 'MANUAL',
    requestedComponents: snapshot.components.map(({ component }) => component),
    components: snapshot.components,
    sizeBytes: snapshot.sizeBytes,
    storedBytes: snapshot.storedBytes,
    fileCount: snapshot.fileCount,
    encrypted: snapshot.encrypted,
    compressed: snapshot.compressed,
    compressionLevel: typeof labels.compressionLevel === 'number' ? labels.compressionLevel : null,
    checksum: snapshot.checksum,
    retentionDays,
    expiresAt: toExpiry(createdAt, retentionDays),
    pinned: labels.pinned === true,
    createdAt,
    startedAt: new Date(snapshot.startedAtMs),
    completedAt: new Date(snapshot.completedAtMs),
    createdBy: text('createdBy', 'unknown'),
    error: null,
    notices: snapshot.notices,
    snapshotId: snapshot.snapshotId,
    scheduleId: typeof labels.scheduleId === 'string' ? labels.scheduleId : null,
    keepRules: parseKeepRules(labels.keepRules),
    suspicion: null,
    confirmedAt: null,
    idempotencyKey: null,
  };
}

/** The keep rules in a label; null for a label that holds none, or that another version wrote differently. */
function parseKeepRules(label: SnapshotLabels[string] | undefined): KeepRules | null {
  if (typeof label !== 'string') return null;
  const found = toObject(label);
  if (typeof found.timeZone !== 'string') return null;
  const count = (key: string): number | null =>
    Number.isInteger(found[key]) ? (found[key] as number) : null;
  const periods = Object.fromEntries(KEEP_PERIODS.map((period) => [period, count(period)]));
  return { timeZone: found.timeZone, last: count('last'), ...periods } as KeepRules;
}

function toObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // labels are only as good as who wrote them; the backup is worth its row all the same
  }
}
