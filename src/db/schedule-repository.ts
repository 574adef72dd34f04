import type { Component } from '../shared/component.js';
import type { ScheduleRecord } from '../shared/schedule.js';
import { isUniqueViolation, withDatabaseErrors } from './database-error.js';
import type { Prisma, PrismaClient } from './generated/sqlite/client.js';
import { toSortName } from './name-keys.js';

/** Fields of a schedule that its runs change. */
export type ScheduleRun = Partial<
  Pick<ScheduleRecord, 'dealtWithAt' | 'lastRunAt' | 'lastSkippedAt' | 'lastSkipReason'>
>;

/** The stored schedules. Every method throws StorageError when the database cannot answer. */
export class ScheduleRepository {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /** @returns false, having stored nothing, when another one has the name in whatever case */
  insert(schedule: ScheduleRecord): Promise<boolean> {
    return refuseTakenName(() => this.#client.schedule.create({ data: toRow(schedule) }));
  }

  /**
   * Stores what users change, and nothing that runs change meanwhile.
   * @param countsFrom from when on times count now; null: as before
   * @returns as `insert`; a schedule that is not there is not made
   */
  update(schedule: ScheduleRecord, countsFrom: Date | null): Promise<boolean> {
    const { dealtWithAt: _, lastRunAt, lastSkippedAt, lastSkipReason, ...asked } = toRow(schedule);
    const fields = { ...asked, ...(countsFrom && { dealtWithAt: countsFrom }) };
    return refuseTakenName(() =>
      this.#client.schedule.updateMany({ where: { id: schedule.id }, data: fields }),
    );
  }

  /** Stores how a run came out. Not there (any more): not an error. */
  async recordRun(id: string, changes: ScheduleRun): Promise<void> {
    await withDatabaseErrors(() => this.#client.schedule.updateMany({ where: { id }, data: changes }));
  }

  find(id: string): Promise<ScheduleRecord | null> {
    return withDatabaseErrors(async () => {
      const row = await this.#client.schedule.findUnique({ where: { id } });
      return row && toRecord(row);
    });
  }

  /** Every schedule, by name. */
  list(): Promise<ScheduleRecord[]> {
    return withDatabaseErrors(async () => {
      const rows = await this.#client.schedule.findMany({ orderBy: { sortName: 'asc' } });
      return rows.map(toRecord);
    });
  }

  count(): Promise<number> {
    return withDatabaseErrors(() => this.#client.schedule.count());
  }

  /** @returns false when it was not there */
  delete(id: string): Promise<boolean> {
    return withDatabaseErrors(
      async () => (await this.#client.schedule.deleteMany({ where: { id } })).count > 0,
    );
  }
}

function refuseTakenName(store: () => Promise<unknown>): Promise<boolean> {
  return withDatabaseErrors(async () => {
    try {
      await store();
      return true;
    } catch (error) {
      if (isUniqueViolation(error)) return false;
      throw error;
    }
  });
}

function toRow(schedule: ScheduleRecord) {
  return {
    ...schedule,
    sortName: toSortName(schedule.name),
    components: schedule.components.join(','),
  } satisfies Prisma.ScheduleCreateInput;
}

function toRecord({ sortName, ...row }: Prisma.ScheduleGetPayload<object>): ScheduleRecord {
  return { ...row, components: row.components.split(',') as Component[] };
}
