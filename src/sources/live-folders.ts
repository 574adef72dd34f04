import type { Stats } from 'node:fs';
import { chownSync, lstatSync, mkdirSync, realpathSync, rmdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RestoredDirectory } from '../engine/index.js';
import { applyMetadata } from './entry-metadata.js';
import { FolderHandle } from './folder-handle.js';
import { syncFolder } from './sync-folder.js';
import { errnoOf } from './system-error.js';

/** What is at `path` itself, or undefined when nothing is. */
export function lookAt(path: string | Buffer): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The nearest folder at or above `path` that is there. */
export function nearestFolder(path: string): string {
  for (let folder = path; ; folder = dirname(folder)) {
    const stats = lookAt(folder);
    if (
      stats !== undefined &&
      (stats.isDirectory() || statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    ) {
      return folder;
    }
    if (folder === dirname(folder)) return folder;
  }
}

/** `path` with its links followed when it is there, since the administrator named it; `path` itself otherwise. */
export function followLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return path;
    throw error;
  }
}

export interface MakeFoldersOptions {
  /** Recorded metadata of a folder, where there is some. */
  metadataOf?: (folder: string) => RestoredDirectory | undefined;
  /** Mode 0700 instead of mode and owner of the folder above. */
  isPrivate?: boolean;
}

/** The folders that `makeFolders` would make, outermost first. */
export function listMissingFolders(path: string): string[] {
  const missing: string[] = [];
  for (let folder = path; lookAt(folder) === undefined; folder = dirname(folder)) missing.unshift(folder);
  return missing;
}

/**
 * Makes the folders that are missing on the way to `path`, and `path`. A folder takes its mode, owner and time from
 * `metadataOf`, or its mode and owner from the folder above it: the till's accounts must get into what is the till's.
 * @returns the folders made, outermost first
 */
export function makeFolders(
  path: string,
  { metadataOf, isPrivate = false }: MakeFoldersOptions = {},
): string[] {
  const missing = listMissingFolders(path);
  for (const folder of missing) {
    const above = statSync(dirname(folder));
    mkdirSync(folder, { mode: isPrivate ? 0o700 : above.mode & 0o777 });
    if (!isPrivate && process.getuid?.() === 0) chownSync(folder, above.uid, above.gid);
  }
  for (const folder of [...missing].reverse()) {
    const metadata = metadataOf?.(folder);
    if (metadata !== undefined) applyTo(folder, metadata);
    syncFolder(dirname(folder));
  }
  return missing;
}

/** Gives a live folder its recorded owner, mode and time. */
export function applyTo(folder: string | Buffer, metadata: RestoredDirectory): void {
  const handle = FolderHandle.open(Buffer.from(folder));
  try {
    applyMetadata(handle.descriptor, metadata);
  } finally {
    handle.close();
  }
}

/** Removes folders that `makeFolders` made, as far as they are still empty. */
export function removeMadeFolders(folders: readonly string[]): void {
  for (const folder of [...folders].reverse()) {
    try {
      rmdirSync(folder);
    } catch (error) {
      // Somebody put something in: it is theirs and stays.
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(error))) throw error;
    }
  }
}
