import { throwIfCancelled } from '../../shared/errors.js';
import type { ObjectStore } from '../../storage/object-store.js';
import type { StorageMeasure } from '../engine.js';

const FOLDERS = ['packs/', 'index/', 'snapshots/', 'keys/'];

/**
 * Adds up what the repository takes, and asks the storage what is free. Reads listings only.
 * @throws StorageError when the storage cannot be reached or written, CancelledError
 */
export async function measureStorage(
  store: ObjectStore,
  { signal }: { signal?: AbortSignal | undefined },
): Promise<StorageMeasure> {
  const space = await store.probe();
  let usedBytes = 0;
  for (const folder of FOLDERS) {
    for await (const { sizeBytes } of store.list(folder)) {
      throwIfCancelled(signal);
      usedBytes += sizeBytes;
    }
  }
  return { location: store.location, usedBytes, ...space };
}
