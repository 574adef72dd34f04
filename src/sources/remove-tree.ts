import { fchmodSync, lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { FolderHandle } from './folder-handle.js';
import { errnoOf } from './system-error.js';
import { Turns } from './turns.js';

/** A folder being emptied, and how to remove it then. */
interface Level {
  parent: FolderHandle;
  name: Buffer;
  handle: FolderHandle;
  names: Buffer[];
}

/**
 * Removes `path` and everything below it, without following links. Copes with folders that lack write permission and
 * with paths longer than PATH_MAX, which `fs.rm` does not. Not there: not an error.
 * @throws the system's error when something cannot be removed
 */
export function removeTree(path: Buffer): void {
  for (const _ of removing(path)); // to its end
}

/** As `removeTree`, for trees of any size: gives other work its turn, and so a cancellation. */
export async function removeTreeInTurns(path: Buffer): Promise<void> {
  const turns = new Turns();
  for (const _ of removing(path)) await turns.step();
}

/** Yields after everything that it looked at. */
function* removing(path: Buffer): Generator<void> {
  const name = Buffer.from(basename(path.toString('latin1')), 'latin1');
  const parent = openIfThere(Buffer.from(dirname(path.toString('latin1')), 'latin1'));
  if (parent === null) return;
  const levels: Level[] = [];
  try {
    removeOne(parent, name, levels);
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      yield;
      const child = level.names.pop();
      if (child !== undefined) {
        removeOne(level.handle, child, levels);
        continue;
      }
      levels.pop();
      level.handle.close();
      rmdirSync(level.parent.child(level.name));
    }
  } finally {
    for (const level of levels) level.handle.close();
    parent.close();
  }
}

/** Unlinks a child, or pushes it on `levels` when it is a folder. */
function removeOne(parent: FolderHandle, name: Buffer, levels: Level[]): void {
  const place = parent.child(name);
  const stats = lstatSync(place, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isDirectory()) {
    unlinkSync(place);
    return;
  }
  const handle = FolderHandle.openOwn(place, stats.mode);
  levels.push({ parent, name, handle, names: [] });
  if ((stats.mode & 0o700) !== 0o700) fchmodSync(handle.descriptor, 0o700);
  levels.at(-1)!.names = handle.names();
}

function openIfThere(path: Buffer): FolderHandle | null {
  try {
    return FolderHandle.open(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}
