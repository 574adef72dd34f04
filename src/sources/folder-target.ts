/**
 * Restores folders and single files, to their live place or beside it. Everything is staged in a private folder next
 * to what it replaces, on the same file system, so that the swap is a matter of renames (docs/architecture.md,
 * "A restore, step by step"). A root that the backup does not hold is left alone.
 */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RestoreNeeds, StageOptions, Staging, Target } from '../engine/index.js';
import { KiB } from '../shared/bytes.js';
import type { Component } from '../shared/component.js';
import { ConflictError, SourceError } from '../shared/errors.js';
import type { FolderPlace, FolderStagingMode } from './folder-staging.js';
import { FolderStaging } from './folder-staging.js';
import { assertFreeSpace, assertWritableFolder } from './free-space.js';
import { followLinks, lookAt, nearestFolder } from './live-folders.js';
import type { Root } from './root.js';
import { arrangeRoots } from './root.js';
import { toAppError } from './system-error.js';

/** What a file takes on disk beyond its content, on average, at most. */
const FILE_OVERHEAD_BYTES = 4 * KiB;

/** Where a folder target restores to. */
export type FolderDestination =
  | { kind: 'live'; roots: readonly Root[] }
  /** `folder`: absolute, empty or absent; the component goes into a folder of its own name in it. */
  | { kind: 'beside'; folder: string };

export class FolderTarget implements Target {
  readonly component: Component;
  readonly #destination: FolderDestination;

  /** @throws InvalidInputError when a root's label does not name something below POS_ROOT */
  constructor(component: Component, destination: FolderDestination) {
    this.component = component;
    this.#destination =
      destination.kind === 'live' ? { ...destination, roots: arrangeRoots(destination.roots) } : destination;
  }

  async plan(needs: RestoreNeeds, { overwrite }: StageOptions): Promise<void> {
    const places = this.#places();
    const folders = places.map(({ live }) => nearestFolder(dirname(live)));
    for (const [at, { label, live }] of places.entries()) {
      assertWritableFolder(folders[at]!, label || this.#folderName());
      if (lookAt(live)?.isDirectory()) assertWritableFolder(live, label || this.#folderName());
    }
    if (this.#mode(overwrite) === 'replace') assertNoMountPoints(places, folders);
    // Files that stay need no space, and how many those are shows only later: a full disk ends the staging then.
    if (this.#mode(overwrite) === 'add') return;
    assertFreeSpace(needs.totalBytes + needs.totalFiles * FILE_OVERHEAD_BYTES, folders);
  }

  async stage({ restoreId, overwrite }: StageOptions): Promise<Staging> {
    return new FolderStaging(this.#places(), {
      restoreId,
      name: this.#folderName(),
      mode: this.#mode(overwrite),
    });
  }

  #mode(overwrite: boolean): FolderStagingMode {
    if (this.#destination.kind === 'beside') return 'beside';
    return overwrite ? 'replace' : 'add';
  }

  #folderName(): string {
    return this.component.toLowerCase();
  }

  #places(): FolderPlace[] {
    if (this.#destination.kind === 'live') {
      return this.#destination.roots.map(({ label, path }) => ({ label, live: followRoot(label, path) }));
    }
    assertFreeFolder(this.#destination.folder);
    return [{ label: '', live: join(this.#destination.folder, this.#folderName()) }];
  }
}

/** A mount point cannot be renamed, so it cannot be replaced as a whole: better said before anything is staged. */
function assertNoMountPoints(places: readonly FolderPlace[], folders: readonly string[]): void {
  for (const [at, { label, live }] of places.entries()) {
    const stats = lookAt(live);
    if (stats === undefined || stats.dev === statSync(folders[at]!).dev) continue;
    throw new SourceError(
      `"${label}" is a mount point, which cannot be replaced as a whole: configure the paths below it one by one, ` +
        'or restore with overwrite: false or to a target path',
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
