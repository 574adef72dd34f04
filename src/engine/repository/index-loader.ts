/**
 * Keeps a ChunkIndex in step with the index objects of the storage, and puts right what damage took from it: packs that
 * no readable index object describes are read themselves, and packs that are gone are forgotten, so that no backup
 * relies on them.
 */
import { IntegrityError, NotFoundError, throwIfCancelled } from '../../shared/errors.js';
import { forEachConcurrently } from '../../shared/for-each-concurrently.js';
import type { ObjectStore } from '../../storage/object-store.js';
import { type IndexId, idOf, isId, type PackId } from '../codec/ids.js';
import type { KeyRing, RandomBytes } from '../codec/key-ring.js';
import { DOMAINS, type Domain } from '../codec/object-header.js';
import { ChunkIndex } from '../index/chunk-index.js';
import { MAX_INDEXED_PACKS, openIndexObject, sealIndexObject } from '../index/index-object.js';
import { type PackDescription, readPackTable } from '../pack/pack-reader.js';
import { type Generation, type Generations, NO_GENERATION } from './generations.js';
import { readNamed } from './repository-head.js';

/** Index objects that are read at a time; most are small, the largest a few megabytes. */
const OBJECTS_AT_A_TIME = 8;
/** Index objects that are merged while they are listed are listed again this often. */
const LIST_ATTEMPTS = 10;

/** What an IndexLoader works with. */
export interface IndexLoaderDeps {
  store: ObjectStore;
  keys: KeyRing;
  generations: Generations;
  random: RandomBytes;
  /** Told of damage that was worked around, for the log. */
  onWarning: (message: string) => void;
}

export class IndexLoader {
  readonly #deps: IndexLoaderDeps;
  #index = new ChunkIndex();
  #generation: Generation = NO_GENERATION;
  /** Index objects, and the packs that they name. */
  readonly #loaded = new Map<string, readonly PackId[]>();
  /** Index objects whose packs are read instead. */
  readonly #damaged = new Set<string>();
  /** Packs that an index object names and the storage does not hold whole. */
  readonly #lost = new Set<PackId>();
  /** Packs that are known from themselves only: an index object has to name them before a backup relies on them. */
  readonly #unindexed = new Map<PackId, { pack: PackDescription; domain: Domain }>();
  /** Packs whose tables are damaged, so that each is reported once. */
  readonly #unreadable = new Set<PackId>();
  /** An index object was damaged, and the packs have not been read in its stead yet. */
  #lacksPacks = false;
  /** Calls follow each other. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(deps: IndexLoaderDeps) {
    this.#deps = deps;
  }

  /** The index as it is now; another one after packs were lost or condemned. */
  get index(): ChunkIndex {
    return this.#index;
  }

  /** The generation that the index follows: its objects were listed after this was read. */
  get generation(): Generation {
    return this.#generation;
  }

  /** Every index object that was read or found damaged, with the packs that it names. */
  get objects(): ReadonlyMap<string, readonly PackId[]> {
    return this.#loaded;
  }

  /** Keys of index objects that are damaged. */
  get damaged(): ReadonlySet<string> {
    return this.#damaged;
  }

  /** Packs that no index object names, and that can be read. */
  get unindexed(): Iterable<PackId> {
    return this.#unindexed.keys();
  }

  /** Packs that an index object names and the storage does not hold whole. */
  get lost(): ReadonlySet<PackId> {
    return this.#lost;
  }

  /** Reads the generation in force, then index objects that are new, and packs in the stead of damaged ones. */
  async refresh(signal?: AbortSignal): Promise<void> {
    await this.#inTurn(() => this.#refresh(signal));
  }

  /**
   * Compares the index with the packs that are there: reads those that no index object names, and forgets those that
   * are gone or cut short. To be called after `refresh`, before chunks are read.
   */
  async comparePacks(signal?: AbortSignal): Promise<void> {
    await this.#inTurn(() => this.#comparePacks(signal));
  }

  /**
   * Makes durable what was learned from packs alone, as far as `isWanted`, so that it can be relied upon. Nobody may be
   * able to remove these packs (docs/format.md §10.4): `isSafe` is asked after they were seen, and they are looked for
   * again after that.
   */
  async adopt(
    isSafe: () => Promise<boolean>,
    options: { signal?: AbortSignal; isWanted?: (id: PackId) => boolean } = {},
  ): Promise<void> {
    const { isWanted = () => true, signal } = options;
    const wanted = () =>
      [...this.#unindexed.values()].filter(
        ({ pack }) => isWanted(pack.id) && !this.#generation.packs.has(pack.id),
      );
    if (wanted().length === 0 || !this.#generation.isReadable || !(await isSafe())) return;
    await this.#inTurn(async () => {
      await this.#comparePacks(signal);
      for (const domain of DOMAINS) {
        const packs = wanted()
          .filter((each) => each.domain === domain)
          .map(({ pack }) => pack);
        for (let at = 0; at < packs.length; at += MAX_INDEXED_PACKS)
          await this.commit(domain, packs.slice(at, at + MAX_INDEXED_PACKS));
      }
    });
  }

  /**
   * Writes the index object of packs that are durable, and makes their chunks known.
   * @returns its stored size in bytes
   */
  async commit(domain: Domain, packs: readonly PackDescription[]): Promise<number> {
    const { store, keys, random } = this.#deps;
    const stored = sealIndexObject(keys, domain, random, packs);
    const key = `index/${idOf<IndexId>(stored)}`;
    await store.put(key, [stored]);
    this.#loaded.set(
      key,
      packs.map(({ id }) => id),
    );
    for (const pack of packs) {
      this.#lost.delete(pack.id);
      this.#unindexed.delete(pack.id);
      this.#index.addPack(pack, domain);
      if (!this.#generation.packs.has(pack.id)) this.#index.setPrimary(pack.id);
      this.#index.setSeen(pack.id);
    }
    return stored.length;
  }

  async #refresh(signal?: AbortSignal): Promise<void> {
    const generation = await this.#deps.generations.read();
    if (generation.number !== this.#generation.number) this.#reset(generation);
    for (let attempt = 0; ; attempt++) {
      throwIfCancelled(signal);
      const known = [...this.#loaded.keys()];
      const keys = new Set<string>();
      for await (const { key } of this.#deps.store.list('index/')) keys.add(key);
      if (known.some((key) => !keys.has(key))) this.#reset(generation); // packs may be gone with their index object
      if (await this.#loadAll(keys, signal)) break;
      if (attempt >= LIST_ATTEMPTS) {
        this.#lacksPacks = true;
        break;
      }
    }
    if (this.#lacksPacks) await this.#comparePacks(signal);
    this.#lacksPacks = false;
  }

  /** @returns false when some were removed meanwhile, and others are there in their stead */
  async #loadAll(keys: Iterable<string>, signal?: AbortSignal): Promise<boolean> {
    let isComplete = true;
    await forEachConcurrently(toAsync(keys), OBJECTS_AT_A_TIME, async (key) => {
      throwIfCancelled(signal);
      if (!this.#loaded.has(key) && !(await this.#load(key))) isComplete = false;
    });
    return isComplete;
  }

  #reset(generation: Generation): void {
    this.#generation = generation;
    this.#index = new ChunkIndex();
    this.#loaded.clear();
    this.#damaged.clear();
    this.#unindexed.clear();
  }

  async #comparePacks(signal?: AbortSignal): Promise<void> {
    const expected = new Map(this.#index.packs());
    const seen: PackId[] = [];
    for await (const { key, sizeBytes } of this.#deps.store.list('packs/')) {
      throwIfCancelled(signal);
      const id = packIdIn(key);
      if (!id) continue;
      const indexedBytes = expected.get(id);
      if (indexedBytes === sizeBytes) {
        expected.delete(id);
        seen.push(id);
      } else if (indexedBytes === undefined && !this.#unreadable.has(id))
        await this.#readPack(id, key, sizeBytes);
    }
    // Condemned packs go one by one while they are swept, and nothing is read from them then.
    for (const id of expected.keys()) if (this.#generation.packs.has(id)) expected.delete(id);
    if (expected.size > 0) await this.#forget(expected.keys(), signal);
    if (this.#generation.isReadable) for (const id of seen) this.#index.setSeen(id);
  }

  /** A new index without packs that are gone: a chunk that is in another pack as well is found there then. */
  async #forget(gone: Iterable<PackId>, signal?: AbortSignal): Promise<void> {
    for (const id of gone) {
      if (this.#unindexed.delete(id)) continue; // a backup that failed has removed it
      this.#lost.add(id);
      this.#deps.onWarning(
        `Pack ${id} is missing or cut short; its content is stored again by the backups that still hold it`,
      );
    }
    const known = [...this.#unindexed.values()];
    this.#reset(this.#generation);
    const lacksPacks = this.#lacksPacks;
    for await (const { key } of this.#deps.store.list('index/')) {
      throwIfCancelled(signal);
      if (!this.#loaded.has(key)) await this.#load(key);
    }
    this.#lacksPacks = lacksPacks;
    for (const { pack, domain } of known) this.#addUnindexed(pack, domain);
  }

  /** @returns false when it is not there any more */
  async #load(key: string): Promise<boolean> {
    const { store, keys, onWarning } = this.#deps;
    try {
      const { domain, packs } = await openIndexObject(keys, await readNamed(store, key));
      for (const pack of packs) {
        if (this.#lost.has(pack.id)) continue;
        this.#index.addPack(pack, domain, { isSecondary: this.#generation.packs.has(pack.id) });
      }
      this.#loaded.set(
        key,
        packs.map(({ id }) => id),
      );
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      if (error.cause instanceof NotFoundError) return false;
      this.#lacksPacks = true;
      this.#damaged.add(key);
      onWarning(`Index object "${key}" is damaged and is read from the packs instead: ${error.message}`);
      this.#loaded.set(key, []);
    }
    return true;
  }

  /** Reads the table of a pack that no readable index object describes. */
  async #readPack(id: PackId, key: string, sizeBytes: number): Promise<void> {
    const { store, keys, onWarning } = this.#deps;
    try {
      const read = (offset: number, length: number) => store.getRange(key, offset, length);
      const { pack, domain } = await readPackTable(keys, id, sizeBytes, read);
      this.#addUnindexed(
        { ...pack, header: Buffer.from(pack.header), table: Buffer.from(pack.table) },
        domain,
      );
    } catch (error) {
      if (error instanceof NotFoundError) return; // a backup that was cancelled has removed it
      if (!(error instanceof IntegrityError)) throw error;
      this.#unreadable.add(id);
      onWarning(`Pack ${id} is left out: ${error.message}`);
    }
  }

  #addUnindexed(pack: PackDescription, domain: Domain): void {
    if (this.#lost.has(pack.id) || this.#index.hasPack(pack.id)) return;
    this.#index.addPack(pack, domain, { isSecondary: true });
    this.#unindexed.set(pack.id, { pack, domain });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work);
    this.#tail = turn.catch(() => {}); // reported to whoever asked for it
    return turn;
  }
}

async function* toAsync<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

function packIdIn(key: string): PackId | null {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return isId(name) ? (name as PackId) : null;
}
