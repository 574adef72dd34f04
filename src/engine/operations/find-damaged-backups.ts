/** Names the backups that need something which is damaged or missing, from their manifests alone. */
import { IntegrityError, NotFoundError } from '../../shared/errors.js';
import type { Domain } from '../codec/object-header.js';
import type { DamagedBackup, DamagedBackups, DamagedFile, RunOptions } from '../engine.js';
import { ChunkReader } from '../repository/chunk-reader.js';
import type { Repository } from '../repository/repository.js';
import { readRecords } from '../snapshot/manifest-reader.js';
import { printPath } from '../snapshot/paths.js';
import type { References } from '../snapshot/references.js';
import { domainOf, type Snapshot } from '../snapshot/snapshot-object.js';
import { readSnapshot } from './read-snapshot.js';

/** Damaged files that are named of one backup. */
const MAX_LISTED = 20;

/**
 * Looks for every chunk of every backup in the index, which holds none that is known to be damaged.
 * Memory: the blocks of two ChunkReaders, and what is answered.
 * @throws CancelledError, StorageError
 */
export async function findDamagedBackups(
  repository: Repository,
  { signal }: Pick<RunOptions<never>, 'signal'>,
): Promise<DamagedBackups> {
  const signalOption = signal ? { signal } : {};
  return repository.withLease('reader', signalOption, () => inspectAll(repository, signalOption));
}

async function inspectAll(
  repository: Repository,
  signalOption: { signal?: AbortSignal },
): Promise<DamagedBackups> {
  const backups: DamagedBackup[] = [];
  const readers = new Map<Domain, ChunkReader>();
  const readerOf = (snapshot: Snapshot): ChunkReader => {
    const domain = domainOf(snapshot);
    const reader = readers.get(domain) ?? new ChunkReader(repository, domain, signalOption);
    readers.set(domain, reader);
    return reader;
  };
  for (const { id, backupId } of [...repository.catalogue()]) {
    const found = await inspect(readerOf, repository, id);
    if (found !== null && found.damagedFiles > 0) backups.push({ snapshotId: id, backupId, ...found });
  }
  return { backups, unreadableSnapshots: [...repository.unreadableSnapshots] };
}

/** Null for a backup that was deleted meanwhile. */
async function inspect(
  readerOf: (snapshot: Snapshot) => ChunkReader,
  repository: Repository,
  id: string,
): Promise<Pick<DamagedBackup, 'damagedFiles' | 'damaged'> | null> {
  const found = { damagedFiles: 0, damaged: [] as DamagedFile[] };
  const note = (file: DamagedFile) => {
    found.damagedFiles += 1;
    if (found.damaged.length < MAX_LISTED) found.damaged.push(file);
  };
  try {
    const snapshot = await readSnapshot(repository, id);
    for (const { component, manifest } of snapshot.components) {
      await inspectComponent(readerOf(snapshot), manifest.content, (path, reason) =>
        note({ component, path, reason }),
      );
    }
  } catch (error) {
    if (error instanceof NotFoundError) return null;
    if (!(error instanceof IntegrityError)) throw error;
    note({ component: 'DATABASE', path: null, reason: error.message });
  }
  return found;
}

async function inspectComponent(
  reader: ChunkReader,
  manifest: References,
  note: (path: string | null, reason: string) => void,
): Promise<void> {
  let path: string | null = null;
  let isWhole = true;
  try {
    for await (const record of readRecords(reader.readAll(manifest))) {
      if (record.kind === 'directory' || record.kind === 'symlink') continue;
      if (record.kind === 'file') {
        path = printPath(record.path);
        isWhole = true;
      }
      isWhole &&= reader.canFind(record.content);
      if (record.end && !isWhole) note(path, 'a part of its content is damaged or missing in the storage');
    }
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    note(null, error.message);
  }
}
