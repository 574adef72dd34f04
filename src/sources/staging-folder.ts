import { chmodSync, lstatSync, mkdirSync, rmdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConflictError } from '../shared/errors.js';
import { FolderHandle } from './folder-handle.js';
import { lookAt, nearestFolder } from './live-folders.js';
import { removeTree, removeTreeInTurns } from './remove-tree.js';
import { syncFolder } from './sync-folder.js';
import { errnoOf, toAppError } from './system-error.js';

/** How the names of staging folders start. What a dead run left is found by it and the id of its restore. */
export const STAGING_PREFIX = '.tillvault-';
/** The rest of such a name is a restore's id. Anything else that starts like one is the till's. */
const STAGING_NAME = /^\.tillvault-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** True for the name of a restore's staging folder: such folders are never captured, and never moved with others. */
export function isStagingName(name: Buffer): boolean {
  return STAGING_NAME.test(name.toString('latin1'));
}

/**
 * A private folder beside what a restore replaces: `.tillvault-<restoreId>/<name>`, mode 0700.
 * The outer folder is shared by all components of one restore that live in the same parent folder; the inner one is
 * this place's own and was made by it, so nothing in it can be somebody else's.
 */
export class StagingFolder {
  private constructor(
    readonly path: string,
    readonly handle: FolderHandle,
  ) {}

  /**
   * Makes the folder below `parent`, which must exist.
   * @throws ConflictError when a run of the same id left one, SourceError or StorageError when it cannot be made
   */
  static create(parent: string, { restoreId, name }: { restoreId: string; name: string }): StagingFolder {
    const outer = join(parent, STAGING_PREFIX + restoreId);
    const path = join(outer, name);
    try {
      makeShared(outer);
      mkdirSync(path, { mode: 0o700 });
      return new StagingFolder(path, FolderHandle.open(Buffer.from(path)));
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') {
        throw new ConflictError(
          `Staging folder "${basename(outer)}" of this restore is there already, expected none`,
          {
            cause: error,
          },
        );
      }
      throw toAppError(error, `Staging folder "${basename(outer)}" cannot be made`);
    }
  }

  /** Removes what a dead restore staged in `place` or in a folder above it. Not there: not an error. */
  static async removeAll(place: string, restoreId: string): Promise<void> {
    for (let parent = place; ; parent = dirname(parent)) {
      const outer = join(parent, STAGING_PREFIX + restoreId);
      if (lookAt(outer) !== undefined) await removeTreeInTurns(Buffer.from(outer));
      if (parent === dirname(parent)) return;
    }
  }

  /** Makes the entries of this folder and its own place durable. */
  sync(): void {
    syncFolder(this.path);
    syncFolder(dirname(this.path));
    syncFolder(dirname(dirname(this.path)));
  }

  /** As `remove`, for one that holds next to nothing yet. */
  removeFresh(): void {
    this.handle.close();
    removeTree(Buffer.from(this.path));
    removeOuter(dirname(this.path));
  }

  /** Removes the folder and everything in it, and the shared one when this was the last. May be called twice. */
  async remove(): Promise<void> {
    this.handle.close();
    await removeStagingFolder(this.path);
  }
}

/**
 * Removes a staging folder by its path, and the shared one when this was the last. Not there: not an error.
 * Durable: a staging folder that is gone says that nothing is left to be undone.
 */
export async function removeStagingFolder(path: string): Promise<void> {
  await removeTreeInTurns(Buffer.from(path));
  removeOuter(dirname(path));
}

/** The folder that all components of a restore share, when this was the last. */
function removeOuter(outer: string): void {
  try {
    rmdirSync(outer);
  } catch (error) {
    // Another component still stages in it, or removed it first.
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(error))) throw error;
  }
  syncFolder(nearestFolder(outer));
}

function makeShared(outer: string): void {
  try {
    mkdirSync(outer, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !lstatSync(outer).isDirectory()) throw error;
    chmodSync(outer, 0o700);
  }
}
