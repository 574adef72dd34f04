import { closeSync, constants, fsyncSync, openSync } from 'node:fs';

/** Makes the names in a folder durable: created, renamed and removed entries survive a power cut. */
export function syncFolder(path: string | Buffer): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
