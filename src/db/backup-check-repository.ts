import type { BackupCheck, CheckKind, CheckStatus, RestoreEvidence } from '../shared/backup-check.js';
import { toOperationError } from './backup-row.js';
import { withDatabaseErrors } from './database-error.js';
import type { Prisma, PrismaClient } from './generated/sqlite/client.js';

/** Fields of a check that change after it was made. */
export type BackupCheckChanges = Partial<
  Pick<BackupCheck, 'status' | 'checkedBytes' | 'completedAt' | 'error' | 'evidence'>
>;

/** The stored verifications and restore tests. Every method throws StorageError when the database cannot answer. */
export class BackupCheckRepository {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  async insert(check: BackupCheck): Promise<void> {
    await withDatabaseErrors(() => this.#client.backupCheck.create({ data: toRow(check) }));
  }

  /**
   * Changes a check that is RUNNING.
   * @returns the changed check, or null when it has ended, or is gone with its backup
   */
  update(id: string, changes: BackupCheckChanges): Promise<BackupCheck | null> {
    const { error, evidence, ...columns } = changes;
    const data = {
      ...columns,
      ...(error === undefined
        ? {}
        : { errorCode: error?.code ?? null, errorMessage: error?.message ?? null }),
      ...(evidence === undefined ? {} : { evidence: evidence && JSON.stringify(evidence) }),
    };
    return withDatabaseErrors(() =>
      this.#client.$transaction(async (transaction) => {
        const { count } = await transaction.backupCheck.updateMany({
          where: { id, status: 'RUNNING' },
          data,
        });
        const row = count === 0 ? null : await transaction.backupCheck.findUnique({ where: { id } });
        return row && toRecord(row);
      }),
    );
  }

  /** The latest check of a backup; null when there was none. */
  latest(backupId: string, kind: CheckKind): Promise<BackupCheck | null> {
    return this.#first({ backupId, kind });
  }

  /** A check of a backup that has not ended, or null. */
  findRunning(backupId: string, kind: CheckKind): Promise<BackupCheck | null> {
    return this.#first({ backupId, kind, status: 'RUNNING' });
  }

  /** The latest check of any backup that ended so, or null. */
  latestWith(kind: CheckKind, status: CheckStatus): Promise<BackupCheck | null> {
    return this.#first({ kind, status });
  }

  /** Every check that has not ended, oldest first. */
  listRunning(): Promise<BackupCheck[]> {
    return withDatabaseErrors(async () => {
      const rows = await this.#client.backupCheck.findMany({
        where: { status: 'RUNNING' },
        orderBy: [{ startedAt: 'asc' }, { id: 'asc' }],
      });
      return rows.map(toRecord);
    });
  }

  #first(where: Prisma.BackupCheckWhereInput): Promise<BackupCheck | null> {
    return withDatabaseErrors(async () => {
      const row = await this.#client.backupCheck.findFirst({
        where,
        orderBy: [{ startedAt: 'desc' }, { id: 'desc' }],
      });
      return row && toRecord(row);
    });
  }
}

type BackupCheckRow = Prisma.BackupCheckGetPayload<object>;

function toRecord(row: BackupCheckRow): BackupCheck {
  const { errorCode, errorMessage, evidence, ...fields } = row;
  return {
    ...fields,
    kind: row.kind as CheckKind,
    status: row.status as CheckStatus,
    checkedBytes: Number(row.checkedBytes),
    error: toOperationError(errorCode, errorMessage),
    evidence: evidence === null ? null : (JSON.parse(evidence) as RestoreEvidence),
  };
}

function toRow(check: BackupCheck): Prisma.BackupCheckUncheckedCreateInput {
  const { error, evidence, ...fields } = check;
  return {
    ...fields,
    errorCode: error?.code ?? null,
    errorMessage: error?.message ?? null,
    evidence: evidence && JSON.stringify(evidence),
  };
}
