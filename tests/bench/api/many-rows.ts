/** A server's repository and metadata after years: thousands of backups, most completed and some that failed. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SeededRandom } from '../../../src/cli/demo/seeded-random.js';
import { openMetadata } from '../../../src/db/metadata.js';
import { Repository } from '../../../src/engine/repository/repository.js';
import { type Clock, systemClock } from '../../../src/shared/clock.js';
import { MemoryStore } from '../../../src/storage/memory-store.js';
import { makeQueuedBackup } from '../../support/backup-records.js';
import { commitSnapshot } from '../../support/commit-snapshot.js';
import { makeSnapshot, writeObjects } from '../../support/many-backups.js';
import { createSeededBytes } from '../../support/seeded-random.js';
import { ENCRYPTION_KEY, TillvaultServer } from '../contestants/tillvault-server.js';

/** Every tenth backup has failed. */
const FAILED_EVERY = 10;
const INTERVAL_MS = 30 * 60_000;
const ROWS_AT_A_TIME = 500;

/**
 * Prepares the folder of a server that has not started yet. Completed backups are snapshots, of which the server makes
 * rows at its start; what they hold is not there. Those that failed are rows alone.
 * @returns how many backups the server will know
 */
export async function prepareManyRows(
  folder: string,
  rows: number,
  clock: Clock = systemClock,
): Promise<number> {
  const firstAtMs = clock.now().getTime() - rows * INTERVAL_MS;
  const failed = Math.floor(rows / FAILED_EVERY);
  await writeSnapshots(TillvaultServer.repositoryIn(folder), { count: rows - failed, firstAtMs });
  await writeFailed(folder, { count: failed, firstAtMs });
  return rows;
}

interface Extent {
  count: number;
  firstAtMs: number;
}

async function writeSnapshots(folder: string, { count, firstAtMs }: Extent): Promise<void> {
  const bytes = createSeededBytes('many rows');
  const random = new SeededRandom(7);
  const objects = new Map<string, Buffer>();
  const deps = { store: new MemoryStore(objects), clock: systemClock, random: bytes, onWarning: fail };
  const repository = await Repository.open(deps, { passphrase: ENCRYPTION_KEY, mayCreate: true });
  for (let number = 0; number < count; number++) {
    const createdAt = firstAtMs + number * INTERVAL_MS;
    const snapshot = makeSnapshot(number, bytes);
    await commitSnapshot(repository, {
      ...snapshot,
      startedAtMs: createdAt,
      completedAtMs: createdAt + random.between(1000, 60_000),
      sizeBytes: random.between(1_000_000, 1_000_000_000),
      storedBytes: random.between(1000, 1_000_000),
      labels: {
        ...snapshot.labels,
        name: `${random.next()} till ${number % 7}`,
        createdAt,
        pinned: number % 50 === 0,
      },
    });
  }
  await writeObjects(objects, folder);
}

async function writeFailed(folder: string, { count, firstAtMs }: Extent): Promise<void> {
  await mkdir(join(folder, 'data'), { recursive: true, mode: 0o700 });
  const metadata = await openMetadata(`file:${join(folder, 'data', 'tillvault.db')}`);
  try {
    const rows = Array.from({ length: count }, (_, number) => {
      const createdAt = new Date(firstAtMs + number * INTERVAL_MS * FAILED_EVERY + 1);
      return makeQueuedBackup({
        id: `failed-${number}`,
        name: `failed ${number}`,
        status: 'FAILED',
        createdAt,
        expiresAt: new Date(createdAt.getTime() + 365 * 86_400_000),
        completedAt: createdAt,
        error: { code: 'STORAGE_UNAVAILABLE', message: 'The disk was not there' },
      });
    });
    for (let at = 0; at < rows.length; at += ROWS_AT_A_TIME) {
      await metadata.backups.insertAll(rows.slice(at, at + ROWS_AT_A_TIME), []);
    }
  } finally {
    await metadata.close();
  }
}

function fail(message: string): never {
  throw new Error(message);
}
