import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PackId } from '../../src/engine/codec/ids.js';
import { HASH_BYTES } from '../../src/engine/codec/ids.js';
import { HEADER_BYTES } from '../../src/engine/codec/object-header.js';
import { encodePackTable } from '../../src/engine/pack/pack-table.js';
import { Repository } from '../../src/engine/repository/repository.js';
import { encodeReference } from '../../src/engine/snapshot/references.js';
import type { Snapshot } from '../../src/engine/snapshot/snapshot-object.js';
import { toHex } from '../../src/shared/bytes.js';
import { systemClock } from '../../src/shared/clock.js';
import { forEachConcurrently } from '../../src/shared/for-each-concurrently.js';
import { MemoryStore } from '../../src/storage/memory-store.js';
import { commitSnapshot } from './commit-snapshot.js';
import { CHEAP_KDF, PASSPHRASE } from './engine-till.js';
import { createSeededBytes } from './seeded-random.js';

const HOUR_MS = 3_600_000;

/**
 * A repository of `count` small backups, as a till has after some years: a snapshot and an index object each, and no
 * packs, since listing reads none.
 */
export async function makeManyBackups(count: number): Promise<Map<string, Buffer>> {
  const objects = new Map<string, Buffer>();
  const bytes = createSeededBytes('many backups');
  const deps = { store: new MemoryStore(objects), clock: systemClock, random: bytes, onWarning: () => {} };
  const options = { passphrase: PASSPHRASE, kdfCost: CHEAP_KDF, mayCreate: true };
  const repository = await Repository.open(deps, options);
  for (let number = 0; number < count; number++) {
    const chunks = [{ id: bytes(HASH_BYTES), sizeBytes: 1000 }];
    const table = encodePackTable([{ storedBytes: 500, contentBytes: 1000, chunks }]);
    const header = bytes(HEADER_BYTES);
    await repository.commitPacks('sealed', [
      { id: toHex(bytes(HASH_BYTES)) as PackId, sizeBytes: 600, header, table },
    ]);
    await commitSnapshot(repository, makeSnapshot(number, bytes));
  }
  return objects;
}

/** Writes the objects of a store in memory to the folder of a FileStore, without making them durable. */
export async function writeObjects(objects: ReadonlyMap<string, Buffer>, folder: string): Promise<void> {
  const folders = new Set([...objects.keys()].map((key) => dirname(join(folder, key))));
  for (const each of folders) await mkdir(each, { recursive: true });
  async function* entries() {
    yield* objects;
  }
  await forEachConcurrently(entries(), 16, ([key, bytes]) => writeFile(join(folder, key), bytes));
}

/** Snapshot number `number` of such a repository. */
export function makeSnapshot(number: number, bytes: (length: number) => Buffer): Snapshot {
  const startedAtMs = 1_600_000_000_000 + number * HOUR_MS;
  const components = (['DATABASE', 'CONFIG', 'CACHE', 'FILES'] as const).map((component) => ({
    component,
    source: 'somewhere',
    sizeBytes: 1000,
    storedBytes: 10,
    fileCount: 3,
    checksum: bytes(HASH_BYTES),
    manifest: {
      sizeBytes: 500_000,
      checksum: bytes(HASH_BYTES),
      content: Buffer.concat(Array.from({ length: 8 }, () => encodeReference(bytes(HASH_BYTES), 64_000))),
    },
  }));
  return {
    version: 1 as const,
    backupId: `${number.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`,
    startedAtMs,
    completedAtMs: startedAtMs + 5000,
    encrypted: true,
    compressed: true,
    components,
    sizeBytes: 4000,
    storedBytes: 40,
    fileCount: 12,
    checksum: bytes(HASH_BYTES),
    notices: [],
    labels: { name: `hourly ${number}`, type: 'FULL', createdAt: startedAtMs, retentionDays: 365 },
  };
}
