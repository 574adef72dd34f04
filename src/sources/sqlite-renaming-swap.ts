import { renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lookAt, makeFolders, nearestFolder, removeMadeFolders } from './live-folders.js';
import { KEPT } from './place-swap.js';
import type { StagingFolder } from './staging-folder.js';
import { syncFolder } from './sync-folder.js';
import { toAppError } from './system-error.js';

/** Files that SQLite keeps beside a database. One that is left beside another database corrupts it. */
const COMPANIONS = ['-journal', '-wal', '-shm'] as const;

/** A way of putting a staged database live and of taking it back. */
export interface DatabaseSwap {
  swap(): Promise<void>;
  undo(): Promise<void>;
  /** What may be done once the restore stands, and must not fail it. */
  settle(): Promise<void>;
}

export interface RenamingSwapDeps {
  folder: StagingFolder;
  /** The staged file. */
  staged: string;
  /** Where it belongs, links followed. */
  live: string;
  name: string;
}

/**
 * Puts a staged database where there is none, or one that SQLite cannot open: the damaged file and everything that
 * SQLite left beside it go into the staging folder first, `-wal` and `-journal` before the file itself.
 */
export class RenamingSwap implements DatabaseSwap {
  #made: string[] = [];
  #isPlaced = false;

  constructor(
    private readonly deps: RenamingSwapDeps,
    private readonly options: { isPrivate: boolean },
  ) {}

  async swap(): Promise<void> {
    const { folder, staged, live, name } = this.deps;
    try {
      this.#made = makeFolders(dirname(live), this.options);
      for (const [place, kept] of this.#pairs()) {
        if (lookAt(place) !== undefined) renameSync(place, kept);
      }
      renameSync(staged, live);
      this.#isPlaced = true;
      folder.sync();
      syncFolder(dirname(live));
    } catch (error) {
      throw toAppError(error, `Database "${name}" cannot be put in its place`);
    }
  }

  async undo(): Promise<void> {
    const { folder, staged, live, name } = this.deps;
    try {
      if (this.#isPlaced) renameSync(live, staged);
      this.#isPlaced = false;
      for (const [place, kept] of this.#pairs().reverse()) {
        // What a program made beside the restored database belongs to that one: it goes with it.
        if (lookAt(place) !== undefined) renameSync(place, `${staged}${place.slice(live.length)}`);
        if (lookAt(kept) !== undefined) renameSync(kept, place);
      }
      removeMadeFolders(this.#made);
      folder.sync();
      syncFolder(nearestFolder(dirname(live)));
    } catch (error) {
      throw toAppError(
        error,
        `Database "${name}" cannot be brought back, it is kept as "${KEPT}" in its staging folder`,
      );
    }
  }

  async settle(): Promise<void> {
    // Nothing waits: a rename is all.
  }

  /** Live files and where they are kept, in the order of setting aside. */
  #pairs(): [place: string, kept: string][] {
    const { folder, live } = this.deps;
    const suffixes = [...COMPANIONS, ''];
    return suffixes.map((suffix) => [live + suffix, join(folder.path, KEPT + suffix)]);
  }
}
