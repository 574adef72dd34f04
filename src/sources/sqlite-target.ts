/**
 * Restores the till's SQLite database, to its live place or beside it. Staged and checked in a private folder next to
 * the live file, then swapped: through SQLite itself while a sound database is there, by renames otherwise.
 */
import { basename, dirname } from 'node:path';
import type {
  RestoreNeeds,
  StageOptions,
  Staging,
  SwapFinding,
  SwapPlan,
  Target,
  TargetPlan,
} from '../engine/index.js';
import type { Clock } from '../shared/clock.js';
import { ConflictError } from '../shared/errors.js';
import { assertSpace } from '../shared/space.js';
import { assertFreeFolder } from './folder-target.js';
import { assertWritableFolder, measureSpace } from './free-space.js';
import { followLinks, nearestFolder } from './live-folders.js';
import type { LiveDatabase } from './sqlite-health.js';
import { lookAtDatabase } from './sqlite-health.js';
import type { OnlinePlan } from './sqlite-online-swap.js';
import { SWAP_BUSY_LIMIT_MS } from './sqlite-online-swap.js';
import type { RenamingPlan } from './sqlite-renaming-swap.js';
import { undoRenaming } from './sqlite-renaming-swap.js';
import type { SqliteStagingOptions } from './sqlite-staging.js';
import { SqliteStaging } from './sqlite-staging.js';
import { findOutSwap } from './sqlite-swap-recovery.js';
import type { LockWait } from './sqlite-wait.js';
import { removeStagingFolder, StagingFolder } from './staging-folder.js';
import { toAppError } from './system-error.js';

/** Where a database target restores to; both absolute. */
export type SqliteDestination = SqliteStagingOptions['destination'];

export interface SqliteTargetOptions {
  clock: Clock;
  /** How long locks of the till are waited for, in milliseconds. */
  busyLimitMs?: number;
}

export class SqliteTarget implements Target {
  readonly component = 'DATABASE';

  constructor(
    private readonly destination: SqliteDestination,
    private readonly options: SqliteTargetOptions,
  ) {}

  async plan(needs: RestoreNeeds, { overwrite, signal }: StageOptions): Promise<TargetPlan> {
    const destination = this.#resolve();
    const place = destination.kind === 'live' ? destination.path : destination.folder;
    const folder = nearestFolder(dirname(place));
    assertWritableFolder(folder, basename(place));
    const found =
      destination.kind === 'live' ? await planLive(destination.path, overwrite, this.#waiting(signal)) : null;
    // SQLite logs one transaction: the new pages (WAL), or the old ones.
    const logBytes = found?.state === 'usable' ? Math.max(needs.totalBytes, found.sizeBytes) : 0;
    const space = [measureSpace(needs.totalBytes + logBytes, [folder])];
    assertSpace(space);
    return { live: LIVE[found?.state ?? 'absent'], space };
  }

  async stage({ restoreId, overwrite, signal }: StageOptions): Promise<Staging> {
    const destination = this.#resolve();
    if (destination.kind === 'live') await planLive(destination.path, overwrite, this.#waiting(signal));
    const { clock } = this.options;
    return new SqliteStaging({ restoreId, clock, busyLimitMs: this.#busyLimitMs, destination });
  }

  async hasSwapped(plan: SwapPlan): Promise<SwapFinding> {
    const known = plan as DatabasePlan;
    if (known.kind !== 'online') return { hasHappened: false, notices: [] };
    return findOutSwap(known, this.#waiting());
  }

  async undoSwap(plan: SwapPlan): Promise<void> {
    const known = plan as DatabasePlan;
    if (known.kind === 'rename') undoRenaming(known);
    await removeStagingFolder(known.folder);
  }

  async finishSwap(plan: SwapPlan): Promise<void> {
    const known = plan as DatabasePlan;
    await removeStagingFolder(known.folder);
  }

  async removeStaging(restoreId: string): Promise<void> {
    const { destination } = this;
    const place = destination.kind === 'live' ? followLinks(destination.path) : destination.folder;
    await StagingFolder.removeAll(place, restoreId);
  }

  get #busyLimitMs(): number {
    return this.options.busyLimitMs ?? SWAP_BUSY_LIMIT_MS;
  }

  #waiting(signal?: AbortSignal): LockWait {
    return { clock: this.options.clock, busyLimitMs: this.#busyLimitMs, ...(signal && { signal }) };
  }

  #resolve(): SqliteDestination {
    if (this.destination.kind === 'beside') {
      assertFreeFolder(this.destination.folder);
      return this.destination;
    }
    try {
      return { kind: 'live', path: followLinks(this.destination.path) };
    } catch (error) {
      throw toAppError(error, `Database "${basename(this.destination.path)}" cannot be looked at`);
    }
  }
}

const LIVE = { absent: 'absent', unusable: 'unusable', usable: 'present' } as const;

type DatabasePlan = RenamingPlan | OnlinePlan;

/** Refuses to replace what must stay. @returns what is there */
async function planLive(path: string, overwrite: boolean, waiting: LockWait): Promise<LiveDatabase> {
  const name = basename(path);
  const found = await lookAtDatabase(path, name, waiting);
  if (!overwrite && found.state === 'usable' && found.tables > 0) {
    throw new ConflictError(
      `Database "${name}" already holds ${found.tables} tables: restore with overwrite: true to replace it`,
    );
  }
  if (!overwrite && found.state === 'unusable') {
    throw new ConflictError(
      `Database "${name}" is there but damaged: restore with overwrite: true to replace it`,
    );
  }
  return found;
}
