import { printBytes } from './bytes.js';
import { StorageError } from './errors.js';

/** Room needed on one file system. */
export interface SpaceNeed {
  /** Tells file systems apart. */
  device: string;
  neededBytes: number;
  freeBytes: number;
}

/**
 * Refuses a restore that does not fit, all components that go to one file system taken together.
 * @throws StorageError INSUFFICIENT_STORAGE saying what is missing, with `details.neededBytes` and `details.freeBytes`
 */
export function assertSpace(needs: readonly SpaceNeed[]): void {
  const byDevice = Map.groupBy(needs, ({ device }) => device);
  for (const group of byDevice.values()) {
    const neededBytes = group.reduce((sum, need) => sum + need.neededBytes, 0);
    const freeBytes = Math.min(...group.map((need) => need.freeBytes));
    if (neededBytes <= freeBytes) continue;
    throw new StorageError(
      'INSUFFICIENT_STORAGE',
      `The restore needs ${printBytes(neededBytes)} where it goes, but only ${printBytes(freeBytes)} are free: ` +
        `free ${printBytes(neededBytes - freeBytes)} more`,
      { details: { neededBytes, freeBytes } },
    );
  }
}
