/** A repository that is large by its numbers: written by the engine's own code, without the packs themselves. */
import { HASH_BYTES, type PackId } from '../../../src/engine/codec/ids.js';
import { HEADER_BYTES } from '../../../src/engine/codec/object-header.js';
import type { PackDescription } from '../../../src/engine/pack/pack-reader.js';
import { encodePackTable } from '../../../src/engine/pack/pack-table.js';
import { Repository } from '../../../src/engine/repository/repository.js';
import { KiB, MiB, toHex } from '../../../src/shared/bytes.js';
import { systemClock } from '../../../src/shared/clock.js';
import { throwIfCancelled } from '../../../src/shared/errors.js';
import { FileStore } from '../../../src/storage/file-store.js';
import { commitSnapshot } from '../../support/commit-snapshot.js';
import { makeSnapshot } from '../../support/many-backups.js';
import { createSeededBytes } from '../../support/seeded-random.js';
import { ENCRYPTION_KEY } from '../contestants/tillvault-server.js';

const CHUNK_BYTES = 64 * KiB;
const CHUNKS_PER_BLOCK = MiB / CHUNK_BYTES;
const BLOCKS_PER_PACK = 16;
const CHUNKS_PER_PACK = CHUNKS_PER_BLOCK * BLOCKS_PER_PACK;

/** How large it is. */
export interface LargeRepositorySize {
  backups: number;
  chunks: number;
}

/**
 * Writes a repository to `folder`: for each backup an index object of its packs, and a snapshot. Ten million chunks are
 * 640 GB of data, so the packs themselves are not there; opening a repository reads none.
 * @returns how many chunks it has
 */
export async function makeLargeRepository(
  folder: string,
  { backups, chunks }: LargeRepositorySize,
  signal: AbortSignal,
): Promise<number> {
  const bytes = createSeededBytes('a large repository');
  const store = new FileStore(folder, { uniqueName: () => toHex(bytes(16)) });
  const deps = { store, clock: systemClock, random: bytes, onWarning: fail };
  const repository = await Repository.open(deps, { passphrase: ENCRYPTION_KEY, mayCreate: true });
  const packsPerBackup = Math.max(1, Math.round(chunks / backups / CHUNKS_PER_PACK));
  for (let number = 0; number < backups; number++) {
    throwIfCancelled(signal);
    await repository.commitPacks(
      'sealed',
      Array.from({ length: packsPerBackup }, () => makePack(bytes)),
    );
    await commitSnapshot(repository, makeSnapshot(number, bytes));
  }
  return repository.index.size;
}

function makePack(bytes: (length: number) => Buffer): PackDescription {
  const blocks = Array.from({ length: BLOCKS_PER_PACK }, () => ({
    storedBytes: MiB / 2,
    contentBytes: MiB,
    chunks: Array.from({ length: CHUNKS_PER_BLOCK }, () => ({
      id: bytes(HASH_BYTES),
      sizeBytes: CHUNK_BYTES,
    })),
  }));
  return {
    id: toHex(bytes(HASH_BYTES)) as PackId,
    sizeBytes: BLOCKS_PER_PACK * (MiB / 2),
    header: bytes(HEADER_BYTES),
    table: encodePackTable(blocks),
  };
}

function fail(message: string): never {
  throw new Error(message);
}
