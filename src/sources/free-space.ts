import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import type { SpaceNeed } from '../shared/space.js';
import { toAppError } from './system-error.js';

/**
 * Room that is needed in `folders`. Those on one file system are counted once; when they are on several, the sum of
 * what is free counts, since the division is not known yet.
 * @param neededBytes content and what files take beyond it
 */
export function measureSpace(neededBytes: number, folders: readonly string[]): SpaceNeed {
  const free = new Map<number, number>();
  for (const folder of folders) {
    const { bavail, bsize } = statfsSync(folder);
    free.set(statSync(folder).dev, bavail * bsize);
  }
  const freeBytes = [...free.values()].reduce((sum, bytes) => sum + bytes, 0);
  return { device: [...free.keys()].sort().join('+'), neededBytes, freeBytes };
}

/** @throws SourceError when entries cannot be made in `folder`, which `label` names to people */
export function assertWritableFolder(folder: string, label: string): void {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw toAppError(error, `The folder of "${label}" cannot be written`);
  }
}
