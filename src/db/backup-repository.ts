import { COMPONENTS, type Component } from '../shared/component.js';
import type { BackupRecord, BackupStatus } from '../shared/operation.js';
import type { PageOf, PageRequest } from '../shared/paging.js';
import type { BackupFilter, BackupSort, BackupSummary } from './backup-queries.js';
import { type BackupChanges, toBackupColumns, toBackupRecord, toBackupRow } from './backup-row.js';
import { toBackupOrder, toBackupWhere } from './backup-where.js';
import { isUniqueViolation, withDatabaseErrors } from './database-error.js';
import type { Prisma, PrismaClient } from './generated/sqlite/client.js';
import { toRange } from './page-range.js';
import type { ProgressEvent } from './progress-repository.js';

export type { BackupChanges } from './backup-row.js';

/** Rows that `listAll` reads at a time. */
const PIECE_LENGTH = 500;

const WITH_COMPONENTS = { include: { components: true } } as const;

/** The least that tells what to do about a backup when the server starts. */
export interface BackupState {
  id: string;
  status: BackupStatus;
  createdAt: Date;
}

/**
 * The stored backups. Changes of state are conditional on the present state, so that of two callers that race one
 * wins and the other learns it. Every method throws StorageError when the database cannot answer.
 */
export class BackupRepository {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /**
   * Stores a new backup.
   * @returns the stored one and `isNew: true`, or the earlier one that has the same idempotency key
   */
  insert(backup: BackupRecord): Promise<{ backup: BackupRecord; isNew: boolean }> {
    return withDatabaseErrors(async () => {
      try {
        const row = await this.#client.backup.create({ data: toBackupRow(backup), ...WITH_COMPONENTS });
        return { backup: toBackupRecord(row), isNew: true };
      } catch (error) {
        const { idempotencyKey } = backup;
        if (!isUniqueViolation(error) || idempotencyKey === null) throw error;
        const row = await this.#client.backup.findUnique({ where: { idempotencyKey }, ...WITH_COMPONENTS });
        if (row === null) throw error;
        return { backup: toBackupRecord(row), isNew: false };
      }
    });
  }

  /**
   * Stores backups that are not known, with an event of their progress each: all or none.
   * @throws StorageError also when one is known after all
   */
  insertAll(backups: readonly BackupRecord[], events: readonly ProgressEvent[]): Promise<void> {
    const rows = backups.map(toBackupRow);
    return withDatabaseErrors(async () => {
      await this.#client.$transaction([
        this.#client.backup.createMany({ data: rows.map(({ components: _, ...row }) => row) }),
        this.#client.backupComponent.createMany({
          data: rows.flatMap(({ id, components }) =>
            components.create.map((component) => ({ backupId: id, ...component })),
          ),
        }),
        this.#client.progressEvent.createMany({ data: [...events] }),
      ]);
    });
  }

  find(id: string): Promise<BackupRecord | null> {
    return this.#findUnique({ id });
  }

  /** Those of the backups that are there, in no order. */
  findAll(ids: readonly string[]): Promise<BackupRecord[]> {
    return withDatabaseErrors(async () => {
      const rows = await this.#client.backup.findMany({
        where: { id: { in: [...ids] } },
        ...WITH_COMPONENTS,
      });
      return rows.map(toBackupRecord);
    });
  }

  /** The backup of a snapshot, or null. Goes through all backups: for the rare snapshot that is damaged. */
  findBySnapshot(snapshotId: string): Promise<BackupRecord | null> {
    return withDatabaseErrors(async () => {
      const found = await this.#client.backup.findFirst({ where: { snapshotId }, select: { id: true } });
      return found && this.find(found.id);
    });
  }

  findByIdempotencyKey(idempotencyKey: string): Promise<BackupRecord | null> {
    return this.#findUnique({ idempotencyKey });
  }

  #findUnique(where: { id: string } | { idempotencyKey: string }): Promise<BackupRecord | null> {
    return withDatabaseErrors(async () => {
      const row = await this.#client.backup.findUnique({ where, ...WITH_COMPONENTS });
      return row && toBackupRecord(row);
    });
  }

  /** One page of the backups that match, and figures over all of them, read at one moment. */
  list(
    page: PageRequest,
    filter: BackupFilter | null,
    sort: BackupSort,
  ): Promise<PageOf<BackupRecord> & { summary: BackupSummary }> {
    const where = toBackupWhere(filter);
    return withDatabaseErrors(async () => {
      const [groups, rows] = await this.#client.$transaction([
        this.#client.backup.groupBy({
          by: ['status'],
          where,
          orderBy: { status: 'asc' },
          _count: { _all: true },
          _sum: { sizeBytes: true, storedBytes: true },
          _min: { createdAt: true },
          _max: { createdAt: true },
        }),
        this.#client.backup.findMany({
          where,
          orderBy: toBackupOrder(sort),
          ...toRange(page),
          ...WITH_COMPONENTS,
        }),
      ]);
      const summary = toSummary(groups as StatusGroup[]);
      return { items: rows.map(toBackupRecord), total: summary.total, summary };
    });
  }

  /** How many backups the repository should hold. */
  countCompleted(): Promise<number> {
    return withDatabaseErrors(() => this.#client.backup.count({ where: { status: 'COMPLETED' } }));
  }

  /** What all completed backups hold together. */
  sumCompleted(): Promise<{ sizeBytes: number }> {
    return withDatabaseErrors(async () => {
      const sum = await this.#client.backup.aggregate({
        where: { status: 'COMPLETED' },
        _sum: { sizeBytes: true },
      });
      return { sizeBytes: Number(sum._sum.sizeBytes ?? 0) };
    });
  }

  /** When the newest completed backup of each component was asked for; restore points do not count. */
  findNewestGood(): Promise<Map<Component, Date>> {
    return withDatabaseErrors(async () => {
      const found = await this.#client.$transaction(
        COMPONENTS.map((component) =>
          this.#client.backup.findFirst({
            where: {
              status: 'COMPLETED',
              trigger: { not: 'PRE_RESTORE' },
              components: { some: { component, captured: true } },
            },
            orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
            select: { createdAt: true },
          }),
        ),
      );
      return new Map(
        COMPONENTS.flatMap((component, at) => {
          const newest = found[at];
          return newest ? [[component, newest.createdAt]] : [];
        }),
      );
    });
  }

  /**
   * Changes a backup that is in one of the `expected` states.
   * @param options.lastEvent stored with the change, both or neither: the event that announces the end
   * @returns the changed backup, or null when it is not there or in another state
   */
  update(
    id: string,
    expected: readonly BackupStatus[],
    changes: BackupChanges,
    options: { lastEvent?: ProgressEvent } = {},
  ): Promise<BackupRecord | null> {
    return withDatabaseErrors(() =>
      this.#client.$transaction(async (transaction) => {
        const { count } = await transaction.backup.updateMany({
          where: { id, status: { in: [...expected] } },
          data: toBackupColumns(changes),
        });
        if (count === 0) return null;
        for (const { component, ...columns } of changes.components ?? []) {
          const captured = { ...columns, captured: true };
          await transaction.backupComponent.upsert({
            where: { backupId_component: { backupId: id, component } },
            create: { backupId: id, component, ...captured },
            update: captured,
          });
        }
        if (options.lastEvent) await transaction.progressEvent.create({ data: options.lastEvent });
        const row = await transaction.backup.findUnique({ where: { id }, ...WITH_COMPONENTS });
        return row && toBackupRecord(row);
      }),
    );
  }

  /** Pins or unpins a backup. @returns null when it is not there, or is being deleted */
  pin(id: string, pinned: boolean): Promise<BackupRecord | null> {
    return this.#change({ id, deletionStartedAt: null }, { pinned });
  }

  /** Stores that a suspicious backup is as it should be. @returns null when it is not there, or not suspicious */
  confirm(id: string, at: Date): Promise<BackupRecord | null> {
    return this.#change({ id, suspicion: { not: null }, confirmedAt: null }, { confirmedAt: at });
  }

  #change(
    where: Prisma.BackupWhereInput & { id: string },
    data: Prisma.BackupUpdateManyMutationInput,
  ): Promise<BackupRecord | null> {
    return withDatabaseErrors(async () => {
      const { count } = await this.#client.backup.updateMany({ where, data });
      return count === 0 ? null : this.find(where.id);
    });
  }

  /**
   * Every backup with its components, in the order of their ids; what is being deleted is left out. Read in pieces, so
   * that ten thousand neither hold up other queries nor take hundreds of megabytes.
   */
  listAll(): Promise<BackupRecord[]> {
    return withDatabaseErrors(async () => {
      const all: BackupRecord[] = [];
      for (let after = ''; ; ) {
        const rows = await this.#client.backup.findMany({
          where: { id: { gt: after }, deletionStartedAt: null },
          orderBy: { id: 'asc' },
          take: PIECE_LENGTH,
          ...WITH_COMPONENTS,
        });
        all.push(...rows.map(toBackupRecord));
        if (rows.length < PIECE_LENGTH) return all;
        after = rows.at(-1)?.id ?? after;
      }
    });
  }

  /** Suspicious backups that nobody has confirmed, newest first. */
  listSuspicious(): Promise<BackupRecord[]> {
    return this.#findMany({ suspicion: { not: null }, confirmedAt: null, deletionStartedAt: null });
  }

  /** The newest COMPLETED backups that hold `component`, newest first, restore points left out. */
  listNewest(component: Component, limit: number): Promise<BackupRecord[]> {
    const components = { some: { component, captured: true } };
    return this.#findMany({ status: 'COMPLETED', trigger: { not: 'PRE_RESTORE' }, components }, limit);
  }

  /** The newest backup that a schedule made; null when there is none. */
  async findNewestOf(scheduleId: string): Promise<BackupRecord | null> {
    const [newest = null] = await this.#findMany({ scheduleId }, 1);
    return newest;
  }

  /** Backups of a schedule that have not ended, newest first. */
  listUnendedOf(scheduleId: string): Promise<BackupRecord[]> {
    return this.#findMany({ scheduleId, status: { in: ['QUEUED', 'RUNNING'] } });
  }

  /** Newest first. */
  #findMany(where: Prisma.BackupWhereInput, take?: number): Promise<BackupRecord[]> {
    return withDatabaseErrors(async () => {
      const orderBy: Prisma.BackupOrderByWithRelationInput[] = [{ createdAt: 'desc' }, { id: 'desc' }];
      const rows = await this.#client.backup.findMany({
        where,
        orderBy,
        ...(take === undefined ? {} : { take }),
        ...WITH_COMPONENTS,
      });
      return rows.map(toBackupRecord);
    });
  }

  /** Every backup's state, oldest first. */
  listStates(): Promise<BackupState[]> {
    return withDatabaseErrors(async () => {
      const rows = await this.#client.backup.findMany({
        select: { id: true, status: true, createdAt: true },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      });
      return rows.map((row) => ({ ...row, status: row.status as BackupStatus }));
    });
  }

  /**
   * Marks a backup as being deleted, so that nothing begins to use it.
   * @returns false when it is not there, pinned, or in a state other than `expected`
   */
  async beginDeletion(id: string, expected: readonly BackupStatus[], at: Date): Promise<boolean> {
    return withDatabaseErrors(async () => {
      const { count } = await this.#client.backup.updateMany({
        where: { id, pinned: false, status: { in: [...expected] } },
        data: { deletionStartedAt: at },
      });
      return count > 0;
    });
  }

  /** Takes the mark of `beginDeletion` away. */
  async abandonDeletion(id: string): Promise<void> {
    await withDatabaseErrors(() =>
      this.#client.backup.updateMany({ where: { id }, data: { deletionStartedAt: null } }),
    );
  }

  /** True while a backup is marked as being deleted. */
  async isBeingDeleted(id: string): Promise<boolean> {
    return withDatabaseErrors(
      async () => (await this.#client.backup.count({ where: { id, deletionStartedAt: { not: null } } })) > 0,
    );
  }

  /** Backups whose deletion was begun and not finished. */
  listBeingDeleted(): Promise<BackupRecord[]> {
    return withDatabaseErrors(async () => {
      const rows = await this.#client.backup.findMany({
        where: { deletionStartedAt: { not: null } },
        ...WITH_COMPONENTS,
      });
      return rows.map(toBackupRecord);
    });
  }

  /** Removes a backup with its components and its progress. Not there: not an error. */
  async delete(id: string): Promise<void> {
    await withDatabaseErrors(() =>
      this.#client.$transaction([
        this.#client.progressEvent.deleteMany({ where: { operationId: id } }),
        this.#client.backup.deleteMany({ where: { id } }),
      ]),
    );
  }
}

/** What `groupBy` answers for one status; its own type is lost inside a batch. */
interface StatusGroup {
  status: string;
  _count: { _all: number };
  _sum: { sizeBytes: bigint | null; storedBytes: bigint | null };
  _min: { createdAt: Date | null };
  _max: { createdAt: Date | null };
}

function toSummary(groups: readonly StatusGroup[]): BackupSummary {
  const count = (...statuses: BackupStatus[]): number =>
    groups
      .filter(({ status }) => statuses.includes(status as BackupStatus))
      .reduce((sum, { _count }) => sum + _count._all, 0);
  const instants = (key: '_min' | '_max'): number[] =>
    groups.flatMap((group) => group[key].createdAt?.getTime() ?? []);
  return {
    total: groups.reduce((sum, { _count }) => sum + _count._all, 0),
    completed: count('COMPLETED'),
    failed: count('FAILED'),
    running: count('QUEUED', 'RUNNING'),
    totalSizeBytes: groups.reduce((sum, { _sum }) => sum + Number(_sum.sizeBytes ?? 0), 0),
    totalStoredBytes: groups.reduce((sum, { _sum }) => sum + Number(_sum.storedBytes ?? 0), 0),
    oldest: groups.length === 0 ? null : new Date(Math.min(...instants('_min'))),
    newest: groups.length === 0 ? null : new Date(Math.max(...instants('_max'))),
  };
}
