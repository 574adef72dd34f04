import { withDatabaseErrors } from './database-error.js';
import type { PrismaClient } from './generated/sqlite/client.js';

/** How far things have come that recur by the configuration. Every method throws StorageError when the database cannot answer. */
export class RecurringTaskRepository {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /** The latest time that was dealt with; null for a task that is new. */
  find(name: string): Promise<Date | null> {
    return withDatabaseErrors(async () => {
      const row = await this.#client.recurringTask.findUnique({ where: { name } });
      return row?.dealtWithAt ?? null;
    });
  }

  /** Stores the latest time that was dealt with. */
  async record(name: string, dealtWithAt: Date): Promise<void> {
    await withDatabaseErrors(() =>
      this.#client.recurringTask.upsert({
        where: { name },
        create: { name, dealtWithAt },
        update: { dealtWithAt },
      }),
    );
  }
}
