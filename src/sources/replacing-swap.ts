import { chmodSync, fchmodSync, linkSync, mkdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConflictError } from '../shared/errors.js';
import { FolderCursor, splitPath } from './folder-cursor.js';
import { FolderHandle } from './folder-handle.js';
import {
  applyTo,
  listMissingFolders,
  lookAt,
  makeFolders,
  nearestFolder,
  removeMadeFolders,
} from './live-folders.js';
import type { ReplacingPlan } from './place-plans.js';
import type { PlaceSwap, StagedPlace } from './place-swap.js';
import { KEPT, STAGED } from './place-swap.js';
import { syncFolder } from './sync-folder.js';
import { errnoOf, toAppError } from './system-error.js';
import { Turns } from './turns.js';

/**
 * Puts a staged root in place of the live one by renames within one file system: the old one goes into the staging
 * folder, the new one comes out of it. A file is replaced in one step; for a folder there is a moment, of some
 * microseconds, without one.
 */
export class ReplacingSwap implements PlaceSwap {
  readonly plan: ReplacingPlan;

  /** @param options.exclusive the place must be free: anything there is a ConflictError */
  constructor(
    private readonly place: StagedPlace,
    { exclusive }: { exclusive: boolean },
  ) {
    const { live, folder, shownAs } = place;
    this.plan = {
      kind: 'replace',
      shownAs,
      live,
      folder: folder.path,
      exclusive,
      isTaken: lookAt(live) !== undefined,
      missing: listMissingFolders(dirname(live)),
    };
  }

  async swap({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const { live, exclusive, shownAs } = this.plan;
    try {
      makeFolders(dirname(live), { metadataOf: this.place.metadataOf, isPrivate: exclusive });
      if (exclusive) this.#claim();
      else this.#setAside();
      renameSync(join(this.plan.folder, STAGED), live);
      await this.#settle(signal);
      syncBoth(this.plan);
    } catch (error) {
      throw toAppError(error, `"${shownAs}" cannot be replaced`);
    }
  }

  async undo(): Promise<void> {
    undoReplacing(this.plan);
  }

  /** Takes the free place with an empty folder, which the rename then replaces. */
  #claim(): void {
    try {
      mkdirSync(this.plan.live, { mode: 0o700 });
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      throw new ConflictError(`"${this.plan.shownAs}" is there already, expected a free place`, {
        cause: error,
      });
    }
  }

  #setAside(): void {
    const { live, folder, isTaken, shownAs } = this.plan;
    const kept = join(folder, KEPT);
    const old = lookAt(live);
    // The plan is what an undo after a crash goes by: it must still be true.
    if ((old !== undefined) !== isTaken) {
      throw new ConflictError(`"${shownAs}" came or went while it was being restored, restore it again`);
    }
    if (old === undefined) return;
    const areFiles = !old.isDirectory() && !lookAt(join(folder, STAGED))!.isDirectory();
    if (areFiles && linkAside(live, kept)) return;
    renameSync(live, kept);
  }

  /** What could not be set while the copy was staged: a rename may touch the time, closed folders cannot be entered. */
  async #settle(signal?: AbortSignal): Promise<void> {
    const { live, tree, top } = this.place;
    await settleClosedFolders(live, tree.closedFolders, signal);
    if (top !== null) applyTo(live, top);
  }
}

/**
 * Brings back what was there before a replacing swap, however far it had come: told from what lies in the staging
 * folder. Does nothing when that is gone. What somebody put into the place meanwhile goes into the staging folder.
 */
export function undoReplacing(plan: ReplacingPlan): void {
  const { folder, shownAs } = plan;
  if (lookAt(folder) === undefined) return;
  try {
    const kept = join(folder, KEPT);
    if (lookAt(kept) !== undefined) bringBack(plan, kept);
    else if (!plan.isTaken) takeNewAway(plan);
    removeMadeFolders(plan.missing);
    syncBoth(plan);
  } catch (error) {
    throw toAppError(
      error,
      `"${shownAs}" cannot be brought back, what was there is kept as "${KEPT}" in its staging folder`,
    );
  }
}

function bringBack({ live, folder }: ReplacingPlan, kept: string): void {
  const old = lookAt(kept)!;
  const found = lookAt(live);
  if (found !== undefined && found.ino === old.ino && found.dev === old.dev) {
    unlinkSync(kept); // linked aside, not replaced yet: renaming one link over the other would do nothing
    return;
  }
  if (found !== undefined && (found.isDirectory() || old.isDirectory())) takeAway(live, folder);
  renameSync(kept, live);
}

/** Where nothing was: the new one when it has left the staging folder, or the claim of the place. */
function takeNewAway({ live, folder, exclusive }: ReplacingPlan): void {
  if (lookAt(live) === undefined) return;
  if (lookAt(join(folder, STAGED)) === undefined) takeAway(live, folder);
  else if (exclusive) removeMadeFolders([live]);
}

/** To where it was staged, or under a free name in the staging folder when it is not what was staged. */
function takeAway(live: string, folder: string): void {
  let goal = join(folder, STAGED);
  for (let count = 1; lookAt(goal) !== undefined; count++) goal = join(folder, `appeared-${count}`);
  // Moving a folder to another parent needs write permission on the folder itself.
  if (lookAt(live)?.isDirectory()) chmodSync(live, 0o700);
  renameSync(live, goal);
}

/** Keeps a live file under a second name, so that the rename over it leaves no moment without it. */
function linkAside(live: string, kept: string): boolean {
  try {
    linkSync(live, kept);
    return true;
  } catch (error) {
    // A file system without hard links, or a file of another owner: a rename does.
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS'].includes(errnoOf(error))) return false;
    throw error;
  }
}

function syncBoth({ folder, live }: ReplacingPlan): void {
  syncFolder(folder);
  syncFolder(nearestFolder(dirname(live)));
}

/**
 * Gives folders that their owner may not enter their mode, deepest first: none is entered any more after that.
 * @param live where the staged top now is
 * @param closed in the order of the manifest
 */
export async function settleClosedFolders(
  live: string,
  closed: readonly { path: Buffer; mode: number }[],
  signal?: AbortSignal,
): Promise<void> {
  if (closed.length === 0) return;
  const turns = new Turns(signal);
  const top = FolderHandle.open(Buffer.from(live));
  const cursor = new FolderCursor(top);
  try {
    for (const { path, mode } of [...closed].reverse()) {
      const below = splitPath(path).slice(1);
      if (below.length === 0) fchmodSync(top.descriptor, mode);
      else chmodSync(cursor.at(below.slice(0, -1)).child(below.at(-1)!), mode);
      await turns.step();
    }
  } finally {
    cursor.close();
    top.close();
  }
}

/** Removes an empty folder; one that somebody uses stays. */
export function removeIfEmpty(path: string | Buffer): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(error))) throw error;
  }
}
