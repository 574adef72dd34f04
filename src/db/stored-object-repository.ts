import { withDatabaseErrors } from './database-error.js';
import type { PrismaClient } from './generated/sqlite/client.js';

/** An object of the repository. */
export interface ListedObject {
  key: string;
  sizeBytes: number;
}

/** What a check of one object found. */
export interface ObjectFinding {
  key: string;
  /** What is wrong with it, or null. */
  damage: string | null;
}

/** How much of the repository was read lately. */
export interface Coverage {
  objects: number;
  totalBytes: number;
  /** Bytes of objects that were checked since the moment asked for. */
  checkedBytes: number;
  damagedObjects: number;
  /** Since when the object that waits longest has not been read; null when there is none. */
  oldestAt: Date | null;
}

/** Statements stay below the limits of both databases. */
const BATCH_LENGTH = 400;

/** Which objects the repository holds, and when each was last read. Every method throws StorageError when the database cannot answer. */
export class StoredObjectRepository {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /** Takes in which objects there are now: new ones wait to be checked, those that are gone are forgotten. */
  async replace(listed: readonly ListedObject[], seenAt: Date): Promise<void> {
    // A clock that was ahead must not keep objects from having their turn.
    await withDatabaseErrors(() =>
      this.#client.storedObject.updateMany({
        where: { waitingSince: { gt: seenAt } },
        data: { waitingSince: seenAt, checkedAt: null },
      }),
    );
    const gone = await this.#keys();
    const added: ListedObject[] = [];
    for (const object of listed) if (!gone.delete(object.key)) added.push(object);
    for (const batch of batches(added)) {
      const data = batch.map(({ key, sizeBytes }) => ({ key, sizeBytes, waitingSince: seenAt }));
      await withDatabaseErrors(() => this.#client.storedObject.createMany({ data }));
    }
    for (const batch of batches([...gone])) {
      await withDatabaseErrors(() => this.#client.storedObject.deleteMany({ where: { key: { in: batch } } }));
    }
  }

  /** Those that have waited longest first; at most `limit`. */
  listOldest(limit: number): Promise<(ListedObject & { waitingSince: Date })[]> {
    return withDatabaseErrors(async () => {
      const rows = await this.#client.storedObject.findMany({
        orderBy: [{ waitingSince: 'asc' }, { key: 'asc' }],
        take: limit,
      });
      return rows.map(({ key, sizeBytes, waitingSince }) => ({
        key,
        sizeBytes: Number(sizeBytes),
        waitingSince,
      }));
    });
  }

  /** Stores that objects were read. */
  async record(findings: readonly ObjectFinding[], checkedAt: Date): Promise<void> {
    const sound = findings.filter(({ damage }) => damage === null).map(({ key }) => key);
    await withDatabaseErrors(() =>
      this.#client.$transaction([
        this.#client.storedObject.updateMany({
          where: { key: { in: sound } },
          data: { checkedAt, waitingSince: checkedAt, damage: null },
        }),
        ...findings
          .filter(({ damage }) => damage !== null)
          .map(({ key, damage }) =>
            this.#client.storedObject.updateMany({
              where: { key },
              data: { checkedAt, waitingSince: checkedAt, damage },
            }),
          ),
      ]),
    );
  }

  /** @param since from when on a check counts */
  coverage(since: Date): Promise<Coverage> {
    return withDatabaseErrors(async () => {
      const all = await this.#client.storedObject.aggregate({ _count: true, _sum: { sizeBytes: true } });
      const recent = await this.#client.storedObject.aggregate({
        where: { checkedAt: { gte: since } },
        _sum: { sizeBytes: true },
      });
      const damagedObjects = await this.#client.storedObject.count({ where: { damage: { not: null } } });
      const oldest = await this.#client.storedObject.aggregate({ _min: { waitingSince: true } });
      return {
        objects: all._count,
        totalBytes: Number(all._sum.sizeBytes ?? 0),
        checkedBytes: Number(recent._sum.sizeBytes ?? 0),
        damagedObjects,
        oldestAt: oldest._min.waitingSince,
      };
    });
  }

  async #keys(): Promise<Set<string>> {
    const rows = await withDatabaseErrors(() =>
      this.#client.storedObject.findMany({ select: { key: true } }),
    );
    return new Set(rows.map(({ key }) => key));
  }
}

function* batches<T>(items: readonly T[]): Generator<T[]> {
  for (let at = 0; at < items.length; at += BATCH_LENGTH) yield items.slice(at, at + BATCH_LENGTH);
}
