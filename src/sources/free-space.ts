import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { GiB, KiB, MiB } from '../shared/bytes.js';
import { StorageError } from '../shared/errors.js';
import { toAppError } from './system-error.js';

/**
 * Refuses a restore that cannot fit. `folders` on one file system are counted once; when they are on several, the
 * sum of what is free counts, since the division is not known yet.
 * @param neededBytes content and what files take beyond it
 * @throws StorageError INSUFFICIENT_STORAGE, with `details.neededBytes` and `details.freeBytes`
 */
export function assertFreeSpace(neededBytes: number, folders: readonly string[]): void {
  const free = new Map<number, number>();
  for (const folder of folders) {
    const { bavail, bsize } = statfsSync(folder);
    free.set(statSync(folder).dev, bavail * bsize);
  }
  const freeBytes = [...free.values()].reduce((sum, bytes) => sum + bytes, 0);
  if (neededBytes <= freeBytes) return;
  throw new StorageError(
    'INSUFFICIENT_STORAGE',
    `The restore needs ${printBytes(neededBytes)}, but only ${printBytes(freeBytes)} are free where it goes`,
    { details: { neededBytes, freeBytes } },
  );
}

/** @throws SourceError when entries cannot be made in `folder`, which `label` names to people */
export function assertWritableFolder(folder: string, label: string): void {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw toAppError(error, `The folder of "${label}" cannot be written`);
  }
}

function printBytes(bytes: number): string {
  for (const [unit, name] of [
    [GiB, 'GiB'],
    [MiB, 'MiB'],
    [KiB, 'KiB'],
  ] as const) {
    if (bytes >= unit) return `${(bytes / unit).toFixed(1)} ${name}`;
  }
  return `${bytes} bytes`;
}
