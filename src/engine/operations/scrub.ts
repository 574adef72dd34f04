/**
 * Compares every stored object with its name, which is the SHA-256 of its bytes: finds any flipped bit, also in places
 * that no restore reads, and needs no key.
 */

import { IntegrityError, NotFoundError, throwIfCancelled } from '../../shared/errors.js';
import { forEachConcurrently } from '../../shared/for-each-concurrently.js';
import type { ObjectStore } from '../../storage/object-store.js';
import { looksLikeVoid } from '../repository/control-object.js';
import { readNamed } from '../repository/repository-head.js';

/** What a scrub found. */
export interface ScrubOutcome {
  checkedObjects: number;
  checkedBytes: number;
  /** Keys of objects that are not what was stored. */
  damaged: string[];
}

const FOLDERS = ['keys/', 'index/', 'snapshots/', 'packs/'];
/** Objects in memory at a time; a pack has about 16 MiB. */
const OBJECTS_AT_A_TIME = 2;

/** @throws CancelledError, StorageError */
export async function runScrub(
  store: ObjectStore,
  options: { signal?: AbortSignal } = {},
): Promise<ScrubOutcome> {
  const outcome: ScrubOutcome = { checkedObjects: 0, checkedBytes: 0, damaged: [] };
  for (const folder of FOLDERS) {
    await forEachConcurrently(store.list(folder), OBJECTS_AT_A_TIME, async ({ key, sizeBytes }) => {
      throwIfCancelled(options.signal);
      outcome.checkedObjects++;
      outcome.checkedBytes += sizeBytes;
      try {
        await readNamed(store, key);
      } catch (error) {
        if (!(error instanceof IntegrityError)) throw error;
        if (error.cause instanceof NotFoundError) return; // removed since it was listed
        if (folder === 'snapshots/' && looksLikeVoid(await store.getRange(key, 0, 4))) return;
        outcome.damaged.push(key);
      }
    });
  }
  outcome.damaged.sort();
  return outcome;
}
