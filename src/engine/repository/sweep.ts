/** The second phase of a clean-up: removes what the generation in force condemns (docs/format.md §10.2). */
import { forEachConcurrently } from '../../shared/for-each-concurrently.js';
import type { ObjectStore } from '../../storage/object-store.js';
import type { PackId } from '../codec/ids.js';
import { type Generation, overtaken } from './generations.js';
import { indexIdIn } from './index-rewriter.js';
import { packKey, type Repository } from './repository.js';

const DELETES_AT_A_TIME = 8;

/** What a sweep removed. Sizes in bytes. */
export interface Swept {
  packs: number;
  indexes: number;
  bytes: number;
}

/** Objects that a sweep removes, with their sizes in bytes. */
interface SweepPlan {
  packs: Map<string, number>;
  indexes: Map<string, number>;
}

/**
 * Removes what `generation` condemns and neither `isNeeded` nor named by an index object that stays. The caller has
 * seen that nobody relies on it (rules 1 to 3), and has loaded every index object since.
 * @throws ConflictError when another clean-up has gone on meanwhile, StorageError
 */
export async function sweep(
  repository: Repository,
  generation: Generation,
  isNeeded: (id: PackId) => boolean,
): Promise<Swept> {
  const plan = await planSweep(repository, generation, isNeeded);
  if ((await repository.generations.read()).number !== generation.number) throw overtaken();
  const swept: Swept = { packs: plan.packs.size, indexes: plan.indexes.size, bytes: 0 };
  for (const objects of [plan.indexes, plan.packs]) {
    await forEachConcurrently(entriesOf(objects), DELETES_AT_A_TIME, async ([key, sizeBytes]) => {
      await repository.store.delete(key);
      swept.bytes += sizeBytes;
    });
  }
  repository.indexLoader.forgetObjects(plan.indexes.keys());
  return swept;
}

async function planSweep(
  { store, indexLoader }: Repository,
  generation: Generation,
  isNeeded: (id: PackId) => boolean,
): Promise<SweepPlan> {
  const isIndexCondemned = (key: string) => generation.indexes.has(indexIdIn(key));
  const named = new Set<PackId>();
  for (const [key, packs] of indexLoader.objects)
    if (!isIndexCondemned(key)) for (const id of packs) named.add(id);
  const isGoing = (id: PackId) => generation.packs.has(id) && !isNeeded(id) && !named.has(id);
  const stored = await sizesIn(store, 'packs/');
  const packs = new Map<string, number>();
  for (const id of generation.packs) {
    const sizeBytes = stored.get(packKey(id));
    if (sizeBytes !== undefined && isGoing(id)) packs.set(packKey(id), sizeBytes);
  }
  const mayGo = (id: PackId) => isGoing(id) || named.has(id) || !stored.has(packKey(id));
  const indexes = await sizesIn(store, 'index/');
  for (const key of indexes.keys())
    if (!isIndexCondemned(key) || !indexLoader.objects.get(key)?.every(mayGo)) indexes.delete(key);
  return { packs, indexes };
}

async function sizesIn(store: ObjectStore, folder: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { key, sizeBytes } of store.list(folder)) sizes.set(key, sizeBytes);
  return sizes;
}

async function* entriesOf<K, V>(map: ReadonlyMap<K, V>): AsyncGenerator<[K, V]> {
  yield* map;
}
