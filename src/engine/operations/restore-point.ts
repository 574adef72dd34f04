/** The backup of what a restore is about to overwrite. */
import type { Clock } from '../../shared/clock.js';
import type { Component } from '../../shared/component.js';
import { invariant } from '../../shared/errors.js';
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
  encrypt: boolean;
}

const REASONS = {
  absent: 'there was none to capture before the restore',
  unusable: 'what was there before the restore could not be read as one',
} as const;

/**
 * Backs up every component that is there. One that is absent or unusable is left out, which the notices say.
 * @returns null when nothing is there
 * @throws what a backup throws
 */
export async function takeRestorePoint(
  deps: RestorePointDeps,
  { request, found, encrypt }: RestorePointOrder,
  options: RunOptions<BackupUpdate>,
): Promise<SnapshotDescription | null> {
  const components = [...found].filter(([, live]) => live === 'present').map(([component]) => component);
  if (components.length === 0) return null;
  const notices = [...found].flatMap(([component, live]) =>
    live === 'present' ? [] : [`${component} was left out: ${REASONS[live]}`],
  );
  const { snapshotId } = await runBackup(
    { ...deps, notices },
    { ...request, components, encrypt, compress: true, compressionLevel: null },
    options,
  );
  const snapshot = [...deps.repository.catalogue()].find(({ id }) => id === snapshotId);
  invariant(snapshot, 'a snapshot is in the catalogue from its commit on');
  return describeSnapshot(snapshot);
}
