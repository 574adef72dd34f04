import { findArchiver } from './archiver.js';
import { findBorg } from './borg.js';
import type { Contestant, ContestantName } from './contestant.js';
import { findCopy, findSyncedCopy } from './copy.js';
import { findPipeline } from './pipeline.js';
import { findRestic } from './restic.js';
import { findTillvault } from './tillvault.js';

const FINDERS: Readonly<Record<ContestantName, (signal: AbortSignal) => Promise<Contestant | null>>> = {
  tillvault: findTillvault,
  restic: findRestic,
  borg: findBorg,
  pipeline: findPipeline,
  cp: findCopy,
  'cp-synced': findSyncedCopy,
  archiver: findArchiver,
};

/** Those of `names` that are installed, and the names of those that are not. */
export async function findContestants(
  names: readonly ContestantName[],
  signal: AbortSignal,
): Promise<{ contestants: Contestant[]; missing: ContestantName[] }> {
  const contestants: Contestant[] = [];
  const missing: ContestantName[] = [];
  for (const name of names) {
    const found = await FINDERS[name](signal);
    if (found) contestants.push(found);
    else missing.push(name);
  }
  return { contestants, missing };
}
