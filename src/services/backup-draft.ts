import type { Clock } from '../shared/clock.js';
import type { Component } from '../shared/component.js';
import type { Actor, BackupRecord, BackupType } from '../shared/operation.js';
import type { Random } from '../shared/random.js';
import { checkIdempotencyKey, checkName, checkWholeNumber, chooseComponents } from './input-rules.js';
import { toExpiry } from './snapshot-labels.js';

/** What a user asks for who wants a backup; absent and null mean the default. */
export interface CreateBackup {
  type: BackupType;
  /** Required for PARTIAL; for FULL absent or all of them. */
  components?: Component[] | null;
  encrypt: boolean;
  compress: boolean;
  /** zstd level, 1 to 19. Default: the engine's. */
  compressionLevel?: number | null;
  /** 1 to 365. */
  retentionDays: number;
  /** 1 to 120 characters. Default: backup-YYYY-MM-DD-xxxxxx. */
  name?: string | null;
  /** A second request with the same key gets the first one's backup. 1 to 255 characters. */
  idempotencyKey?: string | null;
}

/** What makes a backup of a schedule differ from one that somebody asked for. */
export type BackupOrigin = Pick<BackupRecord, 'trigger' | 'scheduleId' | 'keepRules'>;

const ASKED_FOR: BackupOrigin = { trigger: 'MANUAL', scheduleId: null, keepRules: null };

/** The QUEUED backup that `input` asks for. @throws InvalidInputError naming the field that is wrong */
export function draftBackup(
  actor: Pick<Actor, 'subject'>,
  input: CreateBackup,
  { clock, random, origin = ASKED_FOR }: { clock: Clock; random: Random; origin?: BackupOrigin },
): BackupRecord {
  const createdAt = clock.now();
  const retentionDays = checkWholeNumber('retentionDays', input.retentionDays, [1, 365]);
  return {
    id: random.uuid(),
    name: input.name == null ? makeName(createdAt, random) : checkName(input.name),
    type: input.type,
    status: 'QUEUED',
    ...origin,
    requestedComponents: chooseComponents(input.type, input.components ?? null),
    components: [],
    sizeBytes: 0,
    storedBytes: 0,
    fileCount: 0,
    encrypted: input.encrypt,
    compressed: input.compress,
    compressionLevel:
      input.compressionLevel == null
        ? null
        : checkWholeNumber('compressionLevel', input.compressionLevel, [1, 19]),
    checksum: null,
    retentionDays,
    expiresAt: toExpiry(createdAt, retentionDays),
    pinned: false,
    createdAt,
    startedAt: null,
    completedAt: null,
    createdBy: actor.subject,
    error: null,
    notices: [],
    snapshotId: null,
    suspicion: null,
    confirmedAt: null,
    idempotencyKey: input.idempotencyKey == null ? null : checkIdempotencyKey(input.idempotencyKey),
  };
}

/** Such as backup-2026-03-01-9f3a0c: the day in UTC and six random hexadecimal digits. */
function makeName(createdAt: Date, random: Random): string {
  return `backup-${createdAt.toISOString().slice(0, 10)}-${random.bytes(3).toString('hex')}`;
}
