import { IntegrityError, NotFoundError } from '../../shared/errors.js';
import { parseId, type SnapshotId } from '../codec/ids.js';
import type { Repository } from '../repository/repository.js';
import type { Snapshot } from '../snapshot/snapshot-object.js';

/**
 * The snapshot of a backup that somebody asked for.
 * @throws NotFoundError when it is gone, IntegrityError when it is damaged
 */
export async function readSnapshot(repository: Repository, snapshotId: string): Promise<Snapshot> {
  try {
    return await repository.readSnapshot(parseId<SnapshotId>(snapshotId));
  } catch (error) {
    if (!(error instanceof IntegrityError && error.cause instanceof NotFoundError)) throw error;
    throw new NotFoundError('The backup is no longer in the repository', { cause: error });
  }
}
