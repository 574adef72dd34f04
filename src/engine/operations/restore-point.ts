/** The backup of what a restore is about to overwrite. */
import type { Clock } from '../../shared/clock.js';
import type { Component } from '../../shared/component.js';
import { AppError, CancelledError, invariant } from '../../shared/errors.js';
import type { BackupUpdate, RestorePointRequest, RunOptions, SnapshotDescription } from '../engine.js';
import type { Repository } from '../repository/repository.js';
import type { Source } from '../source.js';
import type { TargetPlan } from '../target.js';
import { describeSnapshot, runBackup } from './backup.js';

/** What a restore point is made with. */
export interface RestorePointDeps {
  repository: Repository;
  sources: ReadonlyMap<Component, Source>;
  clock: Clock;
}

/** What of the till is captured, and how. */
export interface RestorePointOrder {
  request: RestorePointRequest;
  /** What the targets found in the live places. */
  found: ReadonlyMap<Component, TargetPlan['live']>;
}

const REASONS = {
  absent: 'there was none to capture before the restore',
  unusable: 'what was there before the restore could not be read as one',
} as const;

/**
 * Backs up every component that is there, encrypted whatever the restored backup is: it holds today's till, and nobody
 * asked for a copy that anyone can read. One that is absent or unusable is left out, which the notices say.
 * @returns null when nothing is there
 * @throws what a backup throws
 */
export async function takeRestorePoint(
  deps: RestorePointDeps,
  { request, found }: RestorePointOrder,
  options: RunOptions<BackupUpdate>,
): Promise<SnapshotDescription | null> {
  const components = [...found].filter(([, live]) => live === 'present').map(([component]) => component);
  if (components.length === 0) return null;
  const notices = [...found].flatMap(([component, live]) =>
    live === 'present' ? [] : [`${component} was left out: ${REASONS[live]}`],
  );
  const backup = runBackup(
    { ...deps, notices, mayLackRoots: true },
    { ...request, components, encrypt: true, compress: true, compressionLevel: null },
    options,
  );
  const { snapshotId } = await backup.catch((error: unknown) => {
    throw explain(error);
  });
  const snapshot = [...deps.repository.catalogue()].find(({ id }) => id === snapshotId);
  invariant(snapshot, 'a snapshot is in the catalogue from its commit on');
  return describeSnapshot(snapshot);
}

/** What is wrong with the live data must not keep it from being replaced: says how to go on. */
function explain(error: unknown): unknown {
  if (!(error instanceof AppError) || error instanceof CancelledError) return error;
  const { code, details, retryable } = error;
  const message = `The restore point could not be taken, and nothing was changed: ${error.message}; mend that, or restore with restorePoint: false to go on without one`;
  return new AppError(code, message, { cause: error, details, retryable });
}
