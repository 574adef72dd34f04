import type { Component } from '../shared/component.js';
import type { BackupPhase, BackupStatus, RestorePhase, RestoreStatus } from '../shared/operation.js';
import { withDatabaseErrors } from './database-error.js';
import { Prisma, type PrismaClient } from './generated/sqlite/client.js';

/** One event of a backup's or a restore's progress, as stored. `storedBytes` is 0 for a restore. */
export interface ProgressEvent {
  operationId: string;
  /** Starts at 1, no gaps. */
  sequence: number;
  status: BackupStatus | RestoreStatus;
  phase: BackupPhase | RestorePhase;
  component: Component | null;
  percent: number;
  processedBytes: number;
  totalBytes: number;
  storedBytes: number;
  processedFiles: number;
  totalFiles: number;
  bytesPerSecond: number | null;
  etaSeconds: number | null;
  message: string | null;
  at: Date;
}

/** The stored progress events. Every method throws StorageError when the database cannot answer. */
export class ProgressRepository {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /** Stores events, all or none. Sequences that are stored already are an error. */
  async append(events: readonly ProgressEvent[]): Promise<void> {
    if (events.length === 0) return;
    await withDatabaseErrors(() => this.#client.progressEvent.createMany({ data: [...events] }));
  }

  /** At most `limit` events whose sequence is above `after`, in order. */
  listAfter(operationId: string, after: number, limit: number): Promise<ProgressEvent[]> {
    return withDatabaseErrors(async () => {
      const rows = await this.#client.progressEvent.findMany({
        where: { operationId, sequence: { gt: after } },
        orderBy: { sequence: 'asc' },
        take: limit,
      });
      return rows.map(toEvent);
    });
  }

  /** The last stored event of each operation that has one, in no order. Reads nothing of the events before it. */
  findLatestOfAll(operationIds: readonly string[]): Promise<ProgressEvent[]> {
    if (operationIds.length === 0) return Promise.resolve([]);
    return withDatabaseErrors(async () => {
      const ids = Prisma.join(operationIds.map((id) => Prisma.sql`(${id})`));
      // One look into the index for each: Prisma's groupBy would read every event of all of them.
      const last = await this.#client.$queryRaw<{ id: string; sequence: number | bigint | null }[]>`
        SELECT "ids"."column1" AS "id",
          (SELECT MAX("sequence") FROM "progress_events" WHERE "operationId" = "ids"."column1") AS "sequence"
        FROM (VALUES ${ids}) AS "ids"`;
      const places = last.flatMap(({ id, sequence }) =>
        sequence === null ? [] : { operationId: id, sequence: Number(sequence) },
      );
      const rows = await this.#client.progressEvent.findMany({ where: { OR: places } });
      return rows.map(toEvent);
    });
  }

  /** The last stored event, or null when there is none. */
  findLatest(operationId: string): Promise<ProgressEvent | null> {
    return withDatabaseErrors(async () => {
      const row = await this.#client.progressEvent.findFirst({
        where: { operationId },
        orderBy: { sequence: 'desc' },
      });
      return row && toEvent(row);
    });
  }
}

function toEvent(row: Prisma.ProgressEventGetPayload<object>): ProgressEvent {
  return {
    ...row,
    status: row.status as ProgressEvent['status'],
    phase: row.phase as ProgressEvent['phase'],
    component: row.component as Component | null,
    processedBytes: Number(row.processedBytes),
    totalBytes: Number(row.totalBytes),
    storedBytes: Number(row.storedBytes),
  };
}
