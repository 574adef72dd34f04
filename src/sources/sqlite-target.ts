/**
 * Restores the till's SQLite database, to its live place or beside it. Staged and checked in a private folder next to
 * the live file, then swapped: through SQLite itself while a sound database is there, by renames otherwise.
 */
import { basename, dirname } from 'node:path';
import type { RestoreNeeds, StageOptions, Staging, Target } from '../engine/index.js';
import type { Clock } from '../shared/clock.js';
import { ConflictError } from '../shared/errors.js';
import { assertFreeFolder } from './folder-target.js';
import { assertFreeSpace, assertWritableFolder } from './free-space.js';
import { followLinks, nearestFolder } from './live-folders.js';
import { lookAtDatabase } from './sqlite-health.js';
import { SWAP_BUSY_LIMIT_MS } from './sqlite-online-swap.js';
import type { SqliteStagingOptions } from './sqlite-staging.js';
import { SqliteStaging } from './sqlite-staging.js';
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

  async plan(needs: RestoreNeeds, { overwrite }: StageOptions): Promise<void> {
    const destination = this.#resolve();
    const place = destination.kind === 'live' ? destination.path : destination.folder;
    const folder = nearestFolder(dirname(place));
    assertWritableFolder(folder, basename(place));
    const keptBytes = destination.kind === 'live' ? planLive(destination.path, overwrite) : 0;
    assertFreeSpace(needs.totalBytes + keptBytes, [folder]);
  }

  async stage({ restoreId, overwrite }: StageOptions): Promise<Staging> {
    const destination = this.#resolve();
    if (destination.kind === 'live') planLive(destination.path, overwrite);
    const { clock, busyLimitMs = SWAP_BUSY_LIMIT_MS } = this.options;
    return new SqliteStaging({ restoreId, clock, busyLimitMs, destination });
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

/**
 * Refuses to replace what must stay.
 * @returns bytes that keeping the live database, and its replacement in a WAL, will take beside the staged copy
 */
function planLive(path: string, overwrite: boolean): number {
  const name = basename(path);
  const found = lookAtDatabase(path, name);
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
  return found.state === 'usable' ? found.sizeBytes : 0;
}
