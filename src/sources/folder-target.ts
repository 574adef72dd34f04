/**
 * Restores folders and single files, to their live place or beside it. Everything is staged in a private folder next
 * to what it replaces, on the same file system, so that the swap is a matter of renames (docs/architecture.md,
 * "A restore, step by step"). A root that the backup does not hold is left alone.
 */
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type {
  RestoreNeeds,
  StageOptions,
  Staging,
  SwapFinding,
  SwapPlan,
  Target,
  TargetPlan,
} from '../engine/index.js';
import { KiB } from '../shared/bytes.js';
import type { Component } from '../shared/component.js';
import { ConflictError, SourceError } from '../shared/errors.js';
import { assertSpace } from '../shared/space.js';
import type { FolderPlace, FolderPlan, FolderStagingMode } from './folder-staging.js';
import { FolderStaging } from './folder-staging.js';
import { assertWritableFolder, measureSpace } from './free-space.js';
import { followLinks, lookAt, nearestFolder } from './live-folders.js';
import { isMountPoint, listMountsBelow } from './mount-points.js';
import { assertMovable } from './movable-folders.js';
import { choosePlaces } from './partial-places.js';
import type { Root } from './root.js';
import { arrangeRoots } from './root.js';
import { removeStagingFolder, StagingFolder } from './staging-folder.js';
import { toAppError } from './system-error.js';
import { undoPlace } from './undo-place.js';

/** What a file takes on disk beyond its content, on average, at most. */
const FILE_OVERHEAD_BYTES = 4 * KiB;

/** Where a folder target restores to. */
export type FolderDestination =
  | { kind: 'live'; roots: readonly Root[] }
  /**
   * `folder`: absolute, empty or absent; the component goes into a folder of its own name in it. With `mayReplace` the
   * folder may hold something, and what is restored takes the place of what has its name.
   */
  | { kind: 'beside'; folder: string; mayReplace?: boolean };

export class FolderTarget implements Target {
  readonly component: Component;
  readonly #destination: FolderDestination;

  /** @throws InvalidInputError when a root's label does not name something below POS_ROOT */
  constructor(component: Component, destination: FolderDestination) {
    this.component = component;
    this.#destination =
      destination.kind === 'live' ? { ...destination, roots: arrangeRoots(destination.roots) } : destination;
  }

  async plan(needs: RestoreNeeds, { restoreId, overwrite, paths }: StageOptions): Promise<TargetPlan> {
    this.#assertFree();
    const places = this.#places(paths);
    const folders = places.map(({ live, isMountPoint }) =>
      isMountPoint ? live : nearestFolder(dirname(live)),
    );
    for (const [at, { label, live }] of places.entries()) {
      assertWritableFolder(folders[at]!, label || this.#folderName());
      if (lookAt(live)?.isDirectory()) assertWritableFolder(live, label || this.#folderName());
    }
    if (this.#mode(overwrite) === 'replace') {
      for (const place of places) {
        assertReplaceable(place);
        assertMovable(place, { restoreId, label: place.label || this.#folderName() });
      }
    }
    const isThere = this.#destination.kind === 'live' && places.some(({ live }) => lookAt(live));
    const live = isThere ? 'present' : 'absent';
    // Files that stay need no space, and how many those are shows only later: a full disk ends the staging then.
    if (this.#mode(overwrite) === 'add') return { live, space: [] };
    const space = [measureSpace(needs.totalBytes + needs.totalFiles * FILE_OVERHEAD_BYTES, folders)];
    assertSpace(space);
    return { live, space };
  }

  async stage({ restoreId, overwrite, paths }: StageOptions): Promise<Staging> {
    this.#assertFree();
    return new FolderStaging(this.#places(paths), {
      restoreId,
      name: this.#folderName(),
      mode: this.#mode(overwrite),
    });
  }

  /** Never asked: a swap of folders can always be taken back. */
  async hasSwapped(): Promise<SwapFinding> {
    return { hasHappened: false, notices: [] };
  }

  async undoSwap(plan: SwapPlan): Promise<void> {
    const { places } = plan as FolderPlan;
    for (const place of [...places].reverse()) await undoPlace(place);
    for (const { folder } of places) await removeStagingFolder(folder);
  }

  async finishSwap(plan: SwapPlan): Promise<void> {
    for (const { folder } of (plan as FolderPlan).places) await removeStagingFolder(folder);
  }

  async removeStaging(restoreId: string, paths: readonly Buffer[] | null): Promise<void> {
    for (const { live } of [...this.#places(), ...(paths === null ? [] : this.#places(paths))])
      await StagingFolder.removeAll(live, restoreId);
  }

  #mode(overwrite: boolean): FolderStagingMode {
    if (this.#destination.kind === 'beside') return this.#destination.mayReplace ? 'replace' : 'beside';
    return overwrite ? 'replace' : 'add';
  }

  #folderName(): string {
    return this.component.toLowerCase();
  }

  /** @param paths only these, each a place of its own in the live till */
  #places(paths: readonly Buffer[] | null = null): FolderPlace[] {
    if (this.#destination.kind === 'live') {
      const roots = this.#destination.roots.map(({ label, path }) => {
        const live = followRoot(label, path);
        return { label, live, isMountPoint: isMountPoint(live) && lookAt(live)?.isDirectory() === true };
      });
      return paths === null ? roots : choosePlaces(roots, paths);
    }
    const live = join(this.#destination.folder, this.#folderName());
    const whole = { label: '', live, isMountPoint: false };
    return paths !== null && this.#destination.mayReplace ? choosePlaces([whole], paths) : [whole];
  }

  #assertFree(): void {
    const { kind } = this.#destination;
    if (kind === 'beside' && !this.#destination.mayReplace) assertFreeFolder(this.#destination.folder);
  }
}

/** What is mounted below a place could not be moved with it, and a mounted file can be no other: said before anything is staged. */
function assertReplaceable({ label, live }: FolderPlace): void {
  const [below] = listMountsBelow(live);
  if (below !== undefined) {
    const name = relative(live, below);
    throw new SourceError(
      `"${name}" in "${label}" is a mount point, so that "${label}" cannot be replaced as a whole: ` +
        'configure the paths in it one by one, or restore with overwrite: false or to a target path',
    );
  }
  if (isMountPoint(live) && !lookAt(live)?.isDirectory()) {
    throw new SourceError(
      `"${label}" is a mounted file, which cannot be replaced: mount the folder that it is in, or restore to a target path`,
    );
  }
}

/**
 * Refuses a target folder that somebody uses.
 * @throws ConflictError when it is not empty, or is no folder
 */
export function assertFreeFolder(folder: string): void {
  const stats = lookAt(folder);
  if (stats === undefined) return;
  if (!stats.isDirectory())
    throw new ConflictError('The target path is no folder, expected an empty or absent folder');
  try {
    if (readdirSync(folder).length === 0) return;
  } catch (error) {
    throw toAppError(error, 'The target path cannot be listed');
  }
  throw new ConflictError('The target path is not empty, expected an empty or absent folder');
}

function followRoot(label: string, path: string): string {
  try {
    return followLinks(path);
  } catch (error) {
    throw toAppError(error, `"${label}" cannot be looked at`);
  }
}
