/**
 * Reads stored objects whole and finds every flipped bit: each is compared with its name, which is the SHA-256 of its
 * bytes, and every block of a pack is opened and its chunks compared with their ids, as a reader would. Blocks that are
 * damaged are noted in the repository, so that no backup relies on them.
 *
 * Takes its time: after each object it rests as long as that took. Memory: one object (a pack has 17 MiB) and a block.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../shared/clock.js';
import { CancelledError, IntegrityError, NotFoundError, throwIfCancelled } from '../../shared/errors.js';
import { idOf, type PackId } from '../codec/ids.js';
import type {
  CheckObjectsRequest,
  CheckObjectsUpdate,
  ObjectCheck,
  ObjectListing,
  RunOptions,
} from '../engine.js';
import { looksLikeVoid } from '../repository/control-object.js';
import { findDamagedBlocks } from '../repository/inspect-pack.js';
import type { Repository } from '../repository/repository.js';
import { Pacer } from './pacer.js';

/** What a check works with. */
export interface CheckObjectsDeps {
  repository: Repository;
  clock: Clock;
}

const FOLDERS = ['keys/', 'index/', 'snapshots/', 'packs/'];
/** Longest rest between two objects. */
const MAX_REST_MS = 5_000;

/** Every object of the repository that is named by its content, and packs that are missing. @throws CancelledError, StorageError */
export async function listObjects(
  repository: Repository,
  { signal }: { signal?: AbortSignal } = {},
): Promise<ObjectListing> {
  return repository.withLease('reader', signal ? { signal } : {}, async () => {
    const objects: ObjectListing['objects'] = [];
    for (const folder of FOLDERS) {
      for await (const { key, sizeBytes } of repository.store.list(folder)) {
        throwIfCancelled(signal);
        objects.push({ key, sizeBytes });
      }
    }
    await repository.damage.clearAllBut(new Set(objects.map(({ key }) => nameOf(key))));
    return { objects, missingPacks: repository.lostPacks.size };
  });
}

/** @throws CancelledError, StorageError */
export async function runCheckObjects(
  { repository, clock }: CheckObjectsDeps,
  { keys }: CheckObjectsRequest,
  { signal, onProgress }: RunOptions<CheckObjectsUpdate>,
): Promise<ObjectCheck[]> {
  await repository.refresh(signal ? { signal } : {});
  const checks: ObjectCheck[] = [];
  let processedBytes = 0;
  for (const key of keys) {
    throwIfCancelled(signal);
    const startedMs = clock.monotonicMs();
    const check = await new ObjectChecker(repository, key, new Pacer(clock, signal)).check();
    checks.push(check);
    processedBytes += check.checkedBytes;
    onProgress?.({ phase: 'CHECKING_OBJECTS', component: null, processedBytes });
    await rest(clock.monotonicMs() - startedMs, signal);
  }
  return checks;
}

class ObjectChecker {
  constructor(
    private readonly repository: Repository,
    private readonly key: string,
    private readonly pacer: Pacer,
  ) {}

  async check(): Promise<ObjectCheck> {
    try {
      const stored = await this.repository.store.get(this.key);
      const found = await this.#inspect(stored);
      // Once more: what a cable or a disk's cache did to one reading is no damage.
      const damage = found && (await this.#inspect(await this.repository.store.get(this.key)));
      if (this.#isPack) await this.#note(damage?.blocks ?? []);
      return { key: this.key, checkedBytes: stored.length, damage: damage?.reason ?? null };
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      return { key: this.key, checkedBytes: 0, damage: null }; // removed since it was listed
    }
  }

  /** What stands in the place of a snapshot that must not be committed any more is named by that snapshot. */
  #isVoid(stored: Buffer): boolean {
    return this.key.startsWith('snapshots/') && looksLikeVoid(stored);
  }

  get #isPack(): boolean {
    return this.key.startsWith('packs/');
  }

  get #packId(): PackId {
    return nameOf(this.key) as PackId;
  }

  async #note(blocks: readonly number[]): Promise<void> {
    const { damage } = this.repository;
    if (blocks.length > 0) await damage.note(this.#packId, blocks);
    else await damage.clear(this.#packId);
  }

  /** What is wrong with the object's bytes, or null. */
  async #inspect(stored: Buffer): Promise<{ reason: string; blocks: number[] } | null> {
    const isNamed = idOf(stored) === nameOf(this.key);
    try {
      const pause = () => this.pacer.pause();
      const blocks = this.#isPack
        ? await findDamagedBlocks(this.repository, this.#packId, stored, { isNamed, pause })
        : [];
      if (blocks.length > 0) return { reason: describeBlocks(blocks), blocks };
      return isNamed || this.#isVoid(stored) ? null : { reason: 'Its SHA-256 is not its name', blocks };
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      return { reason: error.message, blocks: [] };
    }
  }
}

function describeBlocks(blocks: readonly number[]): string {
  const which = blocks.slice(0, 10).join(', ') + (blocks.length > 10 ? ', …' : '');
  return `${blocks.length} of its blocks cannot be read (${which})`;
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

async function rest(elapsedMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await wait(Math.min(elapsedMs, MAX_REST_MS), undefined, signal ? { signal } : {});
  } catch (error) {
    throw new CancelledError(undefined, { cause: error });
  }
}
