import { renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listMissingFolders, lookAt, makeFolders, nearestFolder, removeMadeFolders } from './live-folders.js';
import { KEPT } from './place-swap.js';
import type { OnlinePlan } from './sqlite-online-swap.js';
import type { StagingFolder } from './staging-folder.js';
import { syncFolder } from './sync-folder.js';
import { toAppError } from './system-error.js';

/** Files that SQLite keeps beside a database. One that is left beside another database corrupts it. */
const COMPANIONS = ['-journal', '-wal', '-shm'] as const;

/** A way of putting a staged database live and of taking it back. */
export interface DatabaseSwap {
  /** As `PreparedSwap.isFinal`. */
  readonly isFinal: boolean;
  prepare(signal?: AbortSignal): Promise<RenamingPlan | OnlinePlan>;
  swap(signal?: AbortSignal): Promise<void>;
  undo(): Promise<void>;
  /** What may be done once the restore stands, and must not fail it. */
  settle(): Promise<void>;
}

/** What a renaming swap works with. */
export interface RenamingSwapDeps {
  folder: StagingFolder;
  /** The staged file. */
  staged: string;
  /** Where it belongs, links followed. */
  live: string;
  name: string;
}

/** What a renaming swap will do. Paths absolute. */
export type RenamingPlan = {
  kind: 'rename';
  folder: string;
  staged: string;
  live: string;
  name: string;
  /** Folders that will be made on the way, outermost first. */
  missing: string[];
};

/**
 * Puts a staged database where there is none, or one that SQLite cannot open: the damaged file and everything that
 * SQLite left beside it go into the staging folder first, `-wal` and `-journal` before the file itself.
 */
export class RenamingSwap implements DatabaseSwap {
  readonly isFinal = false;
  readonly #plan: RenamingPlan;
  readonly #isPrivate: boolean;
  readonly #folder: StagingFolder;

  constructor({ folder, staged, live, name }: RenamingSwapDeps, options: { isPrivate: boolean }) {
    const missing = listMissingFolders(dirname(live));
    this.#plan = { kind: 'rename', folder: folder.path, staged, live, name, missing };
    this.#isPrivate = options.isPrivate;
    this.#folder = folder;
  }

  async prepare(): Promise<RenamingPlan> {
    return this.#plan;
  }

  async swap(): Promise<void> {
    const { staged, live, name } = this.#plan;
    try {
      makeFolders(dirname(live), { isPrivate: this.#isPrivate });
      setAside(live, keptOf(this.#plan));
      renameSync(staged, live);
      this.#folder.sync();
      syncFolder(dirname(live));
    } catch (error) {
      throw toAppError(error, `Database "${name}" cannot be put in its place`);
    }
  }

  async undo(): Promise<void> {
    undoRenaming(this.#plan);
  }

  async settle(): Promise<void> {
    // Nothing waits: a rename is all.
  }
}

/**
 * Brings back what was there before a renaming swap, however far it had come: told from what lies in the staging
 * folder. Does nothing when that is gone.
 */
export function undoRenaming(plan: RenamingPlan): void {
  const { folder, staged, live, missing, name } = plan;
  if (lookAt(folder) === undefined) return;
  const kept = keptOf(plan);
  try {
    // The file was set aside last, so everything in the place belongs to the new one, or to one that somebody made.
    const isNew = lookAt(staged) === undefined;
    const isSetAside = lookAt(kept) !== undefined;
    if ((isNew || isSetAside) && lookAt(live) !== undefined)
      setAside(live, isNew ? staged : `${folder}/appeared`);
    for (const suffix of [...COMPANIONS, '']) {
      if (lookAt(kept + suffix) !== undefined) renameSync(kept + suffix, live + suffix);
    }
    removeMadeFolders(missing);
    syncFolder(folder);
    syncFolder(nearestFolder(dirname(live)));
  } catch (error) {
    throw toAppError(
      error,
      `Database "${name}" cannot be brought back, it is kept as "${KEPT}" in its staging folder`,
    );
  }
}

/**
 * Renames a database file with what SQLite keeps beside it, which goes first: the file's absence says that all is gone.
 * Nothing there: not an error.
 */
export function setAside(live: string, goal: string): void {
  for (const suffix of [...COMPANIONS, '']) {
    if (lookAt(live + suffix) !== undefined) renameSync(live + suffix, goal + suffix);
  }
}

function keptOf({ folder }: RenamingPlan): string {
  return join(folder, KEPT);
}
