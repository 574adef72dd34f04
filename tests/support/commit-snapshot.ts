import type { SnapshotId } from '../../src/engine/codec/ids.js';
import type { Repository } from '../../src/engine/repository/repository.js';
import type { Snapshot } from '../../src/engine/snapshot/snapshot-object.js';

/** Commits a snapshot that was not captured, under a lease of its own. */
export async function commitSnapshot(repository: Repository, snapshot: Snapshot): Promise<SnapshotId> {
  const lease = await repository.leases.take({ kind: 'writer', generation: 0, snapshot: null });
  try {
    return await repository.commitSnapshot(snapshot, lease);
  } finally {
    await lease.release();
  }
}
