import type { Component } from '../shared/component.js';
import type { RestoreRecord, RestoreStatus } from '../shared/operation.js';
import type { PageOf, PageRequest } from '../shared/paging.js';
import { toOperationError } from './backup-row.js';
import { toCreatedBetween } from './backup-where.js';
import { isUniqueViolation, withDatabaseErrors } from './database-error.js';
import type { Prisma, PrismaClient } from './generated/sqlite/client.js';
import { toRange } from './page-range.js';
import type { ProgressEvent } from './progress-repository.js';
import type { RestoreFilter, RestoreSummary } from './restore-queries.js';

/** Fields of a restore that change after it was made. */
export type RestoreChanges = Partial<
  Pick<
    RestoreRecord,
    | 'status'
    | 'validated'
    | 'restorePointId'
    | 'restoredFiles'
    | 'skippedFiles'
    | 'restoredBytes'
    | 'notices'
    | 'startedAt'
    | 'completedAt'
    | 'error'
  >
>;

const RUNNING: readonly RestoreStatus[] = ['QUEUED', 'VALIDATING', 'RESTORING'];

/**
 * The stored restores. Changes of state are conditional on the present state, as with backups.
 * Every method throws StorageError when the database cannot answer.
 */
export class RestoreRepository {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /**
   * Stores a new restore.
   * @returns the stored one and `isNew: true`, or the earlier one that has the same idempotency key
   */
  insert(restore: RestoreRecord): Promise<{ restore: RestoreRecord; isNew: boolean }> {
    return withDatabaseErrors(async () => {
      try {
        const row = await this.#client.restore.create({ data: toRow(restore) });
        return { restore: toRecord(row), isNew: true };
      } catch (error) {
        const { idempotencyKey } = restore;
        if (!isUniqueViolation(error) || idempotencyKey === null) throw error;
        const row = await this.#client.restore.findUnique({ where: { idempotencyKey } });
        if (row === null) throw error;
        return { restore: toRecord(row), isNew: false };
      }
    });
  }

  find(id: string): Promise<RestoreRecord | null> {
    return this.#findUnique({ id });
  }

  findByIdempotencyKey(idempotencyKey: string): Promise<RestoreRecord | null> {
    return this.#findUnique({ idempotencyKey });
  }

  #findUnique(where: { id: string } | { idempotencyKey: string }): Promise<RestoreRecord | null> {
    return withDatabaseErrors(async () => {
      const row = await this.#client.restore.findUnique({ where });
      return row && toRecord(row);
    });
  }

  /** One page of the restores that match, newest first, and figures over all of them, read at one moment. */
  list(
    page: PageRequest,
    filter: RestoreFilter | null,
  ): Promise<PageOf<RestoreRecord> & { summary: RestoreSummary }> {
    const where = toWhere(filter);
    return withDatabaseErrors(async () => {
      const [groups, rows] = await this.#client.$transaction([
        this.#client.restore.groupBy({
          by: ['status', 'validated'],
          where,
          orderBy: { status: 'asc' },
          _count: { _all: true },
        }),
        this.#client.restore.findMany({
          where,
          orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
          ...toRange(page),
        }),
      ]);
      const summary = toSummary(groups as StatusGroup[]);
      return { items: rows.map(toRecord), total: summary.total, summary };
    });
  }

  /**
   * Changes a restore that is in one of the `expected` states.
   * @param options.lastEvent stored with the change, both or neither: the event that announces the end
   * @returns the changed restore, or null when it is not there or in another state
   */
  update(
    id: string,
    expected: readonly RestoreStatus[],
    changes: RestoreChanges,
    options: { lastEvent?: ProgressEvent } = {},
  ): Promise<RestoreRecord | null> {
    const { error, notices, ...columns } = changes;
    const errorColumns =
      error === undefined ? {} : { errorCode: error?.code ?? null, errorMessage: error?.message ?? null };
    const noticeColumn = notices === undefined ? {} : { notices: JSON.stringify(notices) };
    return withDatabaseErrors(() =>
      this.#client.$transaction(async (transaction) => {
        const { count } = await transaction.restore.updateMany({
          where: { id, status: { in: [...expected] } },
          data: { ...columns, ...noticeColumn, ...errorColumns },
        });
        if (count === 0) return null;
        if (options.lastEvent) await transaction.progressEvent.create({ data: options.lastEvent });
        const row = await transaction.restore.findUnique({ where: { id } });
        return row && toRecord(row);
      }),
    );
  }

  /** Restores that have not ended, oldest first. */
  listUnended(): Promise<RestoreRecord[]> {
    return withDatabaseErrors(async () => {
      const rows = await this.#client.restore.findMany({
        where: { status: { in: [...RUNNING] } },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      });
      return rows.map(toRecord);
    });
  }

  /** What restores of whole components have read and found good: a pair of a backup and components of it each. */
  listValidated(): Promise<{ backupId: string; components: Component[] }[]> {
    return withDatabaseErrors(async () => {
      const rows = await this.#client.restore.findMany({
        where: { validated: true, paths: null },
        select: { backupId: true, components: true },
        distinct: ['backupId', 'components'],
      });
      return rows.map(({ backupId, components }) => ({
        backupId,
        components: components.split(',') as Component[],
      }));
    });
  }

  /** True while a restore has not ended that is from this backup, or has it for its restore point. */
  isRestoring(backupId: string): Promise<boolean> {
    return withDatabaseErrors(
      async () =>
        (await this.#client.restore.count({
          where: {
            OR: [{ backupId }, { restorePointId: backupId }],
            status: { in: [...RUNNING] },
          },
        })) > 0,
    );
  }

  /** Removes a restore with its progress. Not there: not an error. */
  async delete(id: string): Promise<void> {
    await withDatabaseErrors(() =>
      this.#client.$transaction([
        this.#client.progressEvent.deleteMany({ where: { operationId: id } }),
        this.#client.restore.deleteMany({ where: { id } }),
      ]),
    );
  }
}

type RestoreRow = Prisma.RestoreGetPayload<object>;

function toRecord(row: RestoreRow): RestoreRecord {
  const { errorCode, errorMessage, paths, ...fields } = row;
  return {
    ...fields,
    status: row.status as RestoreStatus,
    components: row.components.split(',') as Component[],
    paths: paths === null ? null : (JSON.parse(paths) as string[]),
    notices: JSON.parse(row.notices) as string[],
    restoredBytes: Number(row.restoredBytes),
    error: toOperationError(errorCode, errorMessage),
  };
}

function toRow(restore: RestoreRecord): Prisma.RestoreCreateInput {
  const { error, components, paths, notices, ...fields } = restore;
  return {
    ...fields,
    components: components.join(','),
    paths: paths && JSON.stringify(paths),
    notices: JSON.stringify(notices),
    errorCode: error?.code ?? null,
    errorMessage: error?.message ?? null,
  };
}

function toWhere(filter: RestoreFilter | null): Prisma.RestoreWhereInput {
  const { status, backupId, createdAfter, createdBefore } = filter ?? {};
  return {
    ...(status ? { status: { in: status } } : {}),
    ...(backupId ? { backupId } : {}),
    ...toCreatedBetween(createdAfter, createdBefore),
  };
}

/** What `groupBy` answers for one group; its own type is lost inside a batch. */
interface StatusGroup {
  status: string;
  validated: boolean;
  _count: { _all: number };
}

function toSummary(groups: readonly StatusGroup[]): RestoreSummary {
  const count = (matches: (group: StatusGroup) => boolean): number =>
    groups.filter(matches).reduce((sum, { _count }) => sum + _count._all, 0);
  return {
    total: count(() => true),
    completed: count(({ status }) => status === 'COMPLETED'),
    failed: count(({ status }) => status === 'FAILED'),
    running: count(({ status }) => RUNNING.includes(status as RestoreStatus)),
    rolledBack: count(({ status }) => status === 'ROLLED_BACK'),
    validated: count(({ validated }) => validated),
  };
}
