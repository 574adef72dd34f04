import type { SnapshotDescription } from '../../engine/index.js';
import { InvalidInputError, NotFoundError } from '../../shared/errors.js';

/** How many candidates a message names. */
const MAX_NAMED = 5;

/** Newest first: by the instant at which they were committed. */
export function sortByAge(backups: readonly SnapshotDescription[]): SnapshotDescription[] {
  return backups.toSorted((a, b) => b.completedAtMs - a.completedAtMs || (a.backupId < b.backupId ? -1 : 1));
}

/**
 * The backup that `address` names: its id, the beginning of its id that no other has, or `latest`.
 * @throws NotFoundError when there is none, InvalidInputError when there are several
 */
export function findBackup(backups: readonly SnapshotDescription[], address: string): SnapshotDescription {
  const sorted = sortByAge(backups);
  if (sorted.length === 0) throw new NotFoundError('The repository holds no backups');
  if (address === 'latest') return sorted[0]!;
  const wanted = address.toLowerCase();
  const exact = sorted.find(({ backupId }) => backupId.toLowerCase() === wanted);
  const found = exact ? [exact] : sorted.filter(({ backupId }) => backupId.toLowerCase().startsWith(wanted));
  if (found.length === 1 && wanted !== '') return found[0]!;
  if (found.length === 0) {
    throw new NotFoundError(
      `There is no backup '${address}' in the repository: expected an id, the beginning of one, or latest`,
    );
  }
  const named = found.slice(0, MAX_NAMED).map(({ backupId }) => backupId);
  const more = found.length > MAX_NAMED ? ` and ${found.length - MAX_NAMED} more` : '';
  throw new InvalidInputError(
    `'${address}' begins the ids of ${found.length} backups: ${named.join(', ')}${more}`,
  );
}

/** A backup's name as it was given, for people. */
export function nameOf({ labels, backupId }: SnapshotDescription): string {
  return typeof labels.name === 'string' ? labels.name : backupId;
}
