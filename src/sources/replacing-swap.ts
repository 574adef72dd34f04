import { chmodSync, linkSync, mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConflictError } from '../shared/errors.js';
import { FolderCursor, splitPath } from './folder-cursor.js';
import { FolderHandle } from './folder-handle.js';
import { applyTo, lookAt, makeFolders, nearestFolder, removeMadeFolders } from './live-folders.js';
import type { PlaceSwap, StagedPlace } from './place-swap.js';
import { KEPT, STAGED } from './place-swap.js';
import { syncFolder } from './sync-folder.js';
import { errnoOf, toAppError } from './system-error.js';

/**
 * Puts a staged root in place of the live one by renames within one file system: the old one goes into the staging
 * folder, the new one comes out of it. A file is replaced in one step; for a folder there is a moment, of some
 * microseconds, without one.
 */
export class ReplacingSwap implements PlaceSwap {
  readonly #staged: string;
  readonly #kept: string;
  #made: string[] = [];
  #isClaimed = false;
  #isPlaced = false;

  /** @param options.exclusive the place must be free: anything there is a ConflictError */
  constructor(
    private readonly place: StagedPlace,
    private readonly options: { exclusive: boolean },
  ) {
    this.#staged = join(place.folder.path, STAGED);
    this.#kept = join(place.folder.path, KEPT);
  }

  swap(): void {
    try {
      this.#made = makeFolders(dirname(this.place.live), {
        metadataOf: this.place.metadataOf,
        isPrivate: this.options.exclusive,
      });
      if (this.options.exclusive) this.#claim();
      else this.#setAside();
      renameSync(this.#staged, this.place.live);
      this.#isPlaced = true;
      this.#settle();
      this.#sync();
    } catch (error) {
      throw toAppError(error, `"${this.place.shownAs}" cannot be replaced`);
    }
  }

  undo(): void {
    try {
      const kept = lookAt(this.#kept);
      const isFileOverFile =
        kept !== undefined && !kept.isDirectory() && !lookAt(this.place.live)?.isDirectory();
      // A file comes back in one step, over what replaced it or over itself.
      if (isFileOverFile) renameSync(this.#kept, this.place.live);
      else if (this.#isPlaced) this.#takeBack();
      else if (this.#isClaimed) rmdirSync(this.place.live);
      this.#isPlaced = false;
      this.#isClaimed = false;
      if (kept !== undefined && !isFileOverFile) renameSync(this.#kept, this.place.live);
      removeMadeFolders(this.#made);
      this.#sync();
    } catch (error) {
      throw toAppError(
        error,
        `"${this.place.shownAs}" cannot be brought back, what was there is kept as "${KEPT}" in its staging folder`,
      );
    }
  }

  #takeBack(): void {
    // Moving a folder to another parent needs write permission on the folder itself.
    if (lookAt(this.place.live)?.isDirectory()) chmodSync(this.place.live, 0o700);
    renameSync(this.place.live, this.#staged);
  }

  /** Takes the free place with an empty folder, which the rename then replaces. */
  #claim(): void {
    try {
      mkdirSync(this.place.live, { mode: 0o700 });
      this.#isClaimed = true;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      throw new ConflictError(`"${this.place.shownAs}" is there already, expected a free place`, {
        cause: error,
      });
    }
  }

  #setAside(): void {
    const old = lookAt(this.place.live);
    if (old === undefined) return;
    const areFiles = !old.isDirectory() && !lookAt(this.#staged)!.isDirectory();
    if (areFiles && this.#linkAside()) return;
    renameSync(this.place.live, this.#kept);
  }

  /** Keeps a live file under a second name, so that the rename over it leaves no moment without it. */
  #linkAside(): boolean {
    try {
      linkSync(this.place.live, this.#kept);
      return true;
    } catch (error) {
      // A file system without hard links, or a file of another owner: a rename does.
      if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS'].includes(errnoOf(error))) return false;
      throw error;
    }
  }

  /** What could not be set while the copy was staged: a rename may touch the time, closed folders cannot be entered. */
  #settle(): void {
    const { live, tree, top } = this.place;
    settleClosedFolders(live, tree.closedFolders);
    if (top !== null) applyTo(live, top);
  }

  #sync(): void {
    this.place.folder.sync();
    syncFolder(nearestFolder(dirname(this.place.live)));
  }
}

/**
 * Gives folders that their owner may not enter their mode, deepest first.
 * @param live where the staged top now is
 */
export function settleClosedFolders(live: string, closed: readonly { path: Buffer; mode: number }[]): void {
  for (const { path, mode } of [...closed].reverse()) {
    const below = splitPath(path).slice(1);
    if (below.length === 0) {
      chmodSync(live, mode);
      continue;
    }
    const top = FolderHandle.open(Buffer.from(live));
    const cursor = new FolderCursor(top);
    try {
      chmodSync(cursor.at(below.slice(0, -1)).child(below.at(-1)!), mode);
    } finally {
      cursor.close();
      top.close();
    }
  }
}
