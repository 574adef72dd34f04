/** Finds what snapshots need: goes through their manifests, and reads no content. */
import { hash } from 'node:crypto';
import { AppError, IntegrityError, NotFoundError, throwIfCancelled } from '../../shared/errors.js';
import type { SnapshotId } from '../codec/ids.js';
import { ChunkReader } from '../repository/chunk-reader.js';
import type { Liveness } from '../repository/liveness.js';
import type { Repository } from '../repository/repository.js';
import { isVoid, snapshotKey } from '../repository/snapshot-catalogue.js';
import { readRecords } from '../snapshot/manifest-reader.js';
import { countReferences } from '../snapshot/references.js';
import { domainOf, type Snapshot } from '../snapshot/snapshot-object.js';
import type { Pacer } from './pacer.js';

/** What marking works with. */
export interface MarkDeps {
  repository: Repository;
  pacer: Pacer;
  signal?: AbortSignal;
  /** Told of manifest bytes that were gone through. */
  onDone: (bytes: number) => void;
}

/** Bytes of the manifests that marking `ids` goes through. @throws as `markSnapshots` */
export async function measureManifests(deps: MarkDeps, ids: Iterable<SnapshotId>): Promise<number> {
  let bytes = 0;
  for (const id of ids) {
    throwIfCancelled(deps.signal);
    const snapshot = await readOrNull(deps.repository, id);
    for (const { manifest } of snapshot?.components ?? []) bytes += manifest.sizeBytes;
  }
  return bytes;
}

/**
 * Marks every chunk that the snapshots need. One that was deleted since it was listed needs nothing.
 * @throws IntegrityError when a snapshot or a manifest cannot be read, StorageError, CancelledError
 */
export async function markSnapshots(
  deps: MarkDeps,
  ids: Iterable<SnapshotId>,
  liveness: Liveness,
): Promise<void> {
  const marked = new Set<string>();
  for (const id of ids) {
    throwIfCancelled(deps.signal);
    const snapshot = await readOrNull(deps.repository, id);
    if (!snapshot) continue;
    try {
      await markSnapshot(deps, snapshot, liveness, marked);
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      if (await isThere(deps.repository, id)) throw unreadable(id, snapshot.backupId, error);
    }
  }
}

async function markSnapshot(
  { repository, pacer, signal, onDone }: MarkDeps,
  snapshot: Snapshot,
  liveness: Liveness,
  marked: Set<string>,
): Promise<void> {
  const reader = new ChunkReader(repository, domainOf(snapshot), signal ? { signal } : {});
  let missing = 0;
  for (const { manifest } of snapshot.components) {
    const name = hash('sha256', manifest.content, 'base64');
    if (marked.has(name)) {
      onDone(manifest.sizeBytes);
      continue;
    }
    missing += liveness.mark(manifest.content, 'manifest');
    for await (const record of readRecords(reader.readAll(manifest.content))) {
      if ('content' in record && countReferences(record.content) > 0)
        missing += liveness.mark(record.content, 'data');
      await pacer.pause();
    }
    marked.add(name);
    onDone(manifest.sizeBytes);
  }
  if (missing > 0)
    repository.onWarning(
      `Backup "${snapshot.backupId}" lacks ${missing} chunks that are in no pack; verify it and delete it when it is of no use`,
    );
}

/** Null for a snapshot that is gone, and for a void. */
async function readOrNull(repository: Repository, id: SnapshotId): Promise<Snapshot | null> {
  try {
    return await repository.readSnapshot(id);
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    if (error.cause instanceof NotFoundError || (await isVoid(repository, id))) return null;
    throw unreadable(id, null, error);
  }
}

async function isThere({ store }: Repository, id: SnapshotId): Promise<boolean> {
  try {
    await store.getRange(snapshotKey(id), 0, 1);
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

function unreadable(id: SnapshotId, backupId: string | null, cause: AppError): IntegrityError {
  const name = backupId === null ? `Snapshot ${id}` : `Backup "${backupId}" (snapshot ${id})`;
  return new IntegrityError(
    `${name} cannot be read, so that nobody knows what it needs and nothing was removed (${cause.message}); bring the object back from a copy, or delete this backup`,
    { cause, details: { ...cause.details, snapshot: id, ...(backupId !== null && { backupId }) } },
  );
}
