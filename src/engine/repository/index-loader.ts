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
import type { DamageBook } from './damage-book.js';
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
  damage: DamageBook;
  random: RandomBytes;
  /** Told of damage that was worked around, for the log. */
  onWarning: (message: string) => void;
  /** True when nobody but the caller uses the index now. */
  isSole: () => boolean;
}

/** An index, and what it was made from. */
interface IndexState {
  index: ChunkIndex;
  /** Index objects were listed after this was read. */
  generation: Generation;
  /** Keys of index objects, and the packs that they name. */
  objects: Map<string, readonly PackId[]>;
  /** Keys of index objects whose packs are read instead. */
  damaged: Set<string>;
  /** Packs that are known from themselves only: an index object has to name them before a backup relies on them. */
  unindexed: Map<PackId, { pack: PackDescription; domain: Domain }>;
  /** An index object was damaged, and the packs have not been read in its stead yet. */
  lacksPacks: boolean;
}

export class IndexLoader {
  readonly #deps: IndexLoaderDeps;
  #state: IndexState = createState(NO_GENERATION);
  /** What takes the place of #state when it is complete. */
  #next: IndexState | null = null;
  /** Packs that an index object names and the storage does not hold whole. */
  readonly #lost = new Set<PackId>();
  /** Packs whose tables are damaged, so that each is reported once. */
  readonly #unreadable = new Set<PackId>();
  /** Calls follow each other. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(deps: IndexLoaderDeps) {
    this.#deps = deps;
  }

  /** The index as it is now; another one after packs were lost or condemned. */
  get index(): ChunkIndex {
    return this.#state.index;
  }

  /** The generation that the index follows: its objects were listed after this was read. */
  get generation(): Generation {
    return this.#state.generation;
  }

  /** Every index object that was read or found damaged, with the packs that it names. */
  get objects(): ReadonlyMap<string, readonly PackId[]> {
    return this.#state.objects;
  }

  /** Keys of index objects that are damaged. */
  get damaged(): ReadonlySet<string> {
    return this.#state.damaged;
  }

  /** Packs that no index object names, and that can be read. */
  get unindexed(): Iterable<PackId> {
    return this.#state.unindexed.keys();
  }

  /** Packs that an index object names and the storage does not hold whole. */
  get lost(): ReadonlySet<PackId> {
    return this.#lost;
  }

  /** Index objects were removed together with the packs that only they named. */
  forgetObjects(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#state.objects.delete(key);
      this.#state.damaged.delete(key);
    }
  }

  /** Reads the generation in force, then index objects that are new, and packs in the stead of damaged ones. */
  async refresh(signal?: AbortSignal): Promise<void> {
    await this.#inTurn(async () => {
      await this.#refresh(signal);
      if (this.#latest.lacksPacks) await this.#comparePacks(signal);
    });
  }

  /**
   * As `refresh`, and compares the index with the packs that are there: reads those that no index object names, and
   * forgets those that are gone or cut short. To be called before chunks are read or relied upon.
   */
  async prepare(signal?: AbortSignal): Promise<void> {
    await this.#inTurn(async () => {
      await this.#refresh(signal);
      await this.#comparePacks(signal);
    });
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
    const wanted = () => {
      const { generation, unindexed } = this.#state;
      if (!generation.isReadable) return [];
      return [...unindexed.values()].filter(({ pack: { id } }) => isWanted(id) && !generation.packs.has(id));
    };
    if (wanted().length === 0 || !(await isSafe())) return;
    await this.#inTurn(async () => {
      await this.#comparePacks(signal);
      for (const domain of DOMAINS) {
        const found = wanted().filter((each) => each.domain === domain);
        const packs = found.map(({ pack }) => pack);
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
    for (const state of this.#next ? [this.#state, this.#next] : [this.#state]) {
      state.objects.set(key, idsOf(packs));
      for (const pack of packs) {
        this.#lost.delete(pack.id);
        state.unindexed.delete(pack.id);
        this.#addPack(state, pack, domain, false);
        if (!state.generation.packs.has(pack.id)) state.index.setPrimary(pack.id);
        state.index.setSeen(pack.id);
      }
    }
    return stored.length;
  }

  get #latest(): IndexState {
    return this.#next ?? this.#state;
  }

  /** A new index. Others go on with the old one until the new one is complete. */
  #restart(generation: Generation): void {
    const state = createState(generation);
    if (this.#deps.isSole()) this.#state = state;
    else this.#next = state;
  }

  async #refresh(signal?: AbortSignal): Promise<void> {
    const generation = await this.#deps.generations.read();
    const hasNewDamage = await this.#deps.damage.refresh(signal);
    if (hasNewDamage || generation.number !== this.#state.generation.number) this.#restart(generation);
    for (let attempt = 0; ; attempt++) {
      throwIfCancelled(signal);
      const known = [...this.#latest.objects.keys()];
      const keys = new Set<string>();
      for await (const { key } of this.#deps.store.list('index/')) keys.add(key);
      if (known.some((key) => !keys.has(key))) this.#restart(generation); // packs may be gone with their index object
      if (await this.#loadAll(keys, signal)) return;
      if (attempt < LIST_ATTEMPTS) continue;
      this.#latest.lacksPacks = true;
      return;
    }
  }

  /** @returns false when some were removed meanwhile, and others are there in their stead */
  async #loadAll(keys: Iterable<string>, signal?: AbortSignal): Promise<boolean> {
    let isComplete = true;
    await forEachConcurrently(toAsync(keys), OBJECTS_AT_A_TIME, async (key) => {
      throwIfCancelled(signal);
      if (!this.#latest.objects.has(key) && !(await this.#load(this.#latest, key))) isComplete = false;
    });
    return isComplete;
  }

  async #comparePacks(signal?: AbortSignal): Promise<void> {
    const state = this.#latest;
    const expected = new Map(state.index.packs());
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
        await this.#readPack(state, id, key, sizeBytes);
    }
    state.lacksPacks = false;
    // Condemned packs go one by one while they are swept, and nothing is read from them then.
    for (const id of expected.keys()) if (state.generation.packs.has(id)) expected.delete(id);
    if (expected.size > 0) await this.#forget(state, expected.keys(), signal);
    if (state.generation.isReadable) for (const id of seen) this.#latest.index.setSeen(id);
  }

  /** A new index without packs that are gone: a chunk that is in another pack as well is found there then. */
  async #forget(state: IndexState, gone: Iterable<PackId>, signal?: AbortSignal): Promise<void> {
    for (const id of gone) {
      if (state.unindexed.delete(id)) continue; // a backup that failed has removed it
      this.#lost.add(id);
      this.#deps.onWarning(
        `Pack ${id} is missing or cut short; its content is stored again by the backups that still hold it`,
      );
    }
    this.#restart(state.generation);
    await this.#loadAll([...state.objects.keys()], signal);
    this.#latest.lacksPacks = false;
    for (const { pack, domain } of state.unindexed.values()) this.#addUnindexed(this.#latest, pack, domain);
  }

  /** @returns false when it is not there any more */
  async #load(state: IndexState, key: string): Promise<boolean> {
    const { store, keys, onWarning } = this.#deps;
    try {
      const { domain, packs } = await openIndexObject(keys, await readNamed(store, key));
      for (const pack of packs) {
        if (this.#lost.has(pack.id)) continue;
        this.#addPack(state, pack, domain, state.generation.packs.has(pack.id));
      }
      state.objects.set(key, idsOf(packs));
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      if (error.cause instanceof NotFoundError) return false;
      state.lacksPacks = true;
      state.damaged.add(key);
      state.objects.set(key, []);
      onWarning(`Index object "${key}" is damaged and is read from the packs instead: ${error.message}`);
    }
    return true;
  }

  /** Reads the table of a pack that no readable index object describes. */
  async #readPack(state: IndexState, id: PackId, key: string, sizeBytes: number): Promise<void> {
    const { store, keys, onWarning } = this.#deps;
    try {
      const read = (offset: number, length: number) => store.getRange(key, offset, length);
      const { pack, domain } = await readPackTable(keys, id, sizeBytes, read);
      const copy = { ...pack, header: Buffer.from(pack.header), table: Buffer.from(pack.table) };
      this.#addUnindexed(state, copy, domain);
    } catch (error) {
      if (error instanceof NotFoundError) return; // a backup that was cancelled has removed it
      if (!(error instanceof IntegrityError)) throw error;
      this.#unreadable.add(id);
      onWarning(`Pack ${id} is left out: ${error.message}`);
    }
  }

  #addPack(state: IndexState, pack: PackDescription, domain: Domain, isSecondary: boolean): void {
    const damaged = this.#deps.damage.blocksOf(pack.id);
    state.index.addPack(pack, domain, { isSecondary, damaged });
  }

  #addUnindexed(state: IndexState, pack: PackDescription, domain: Domain): void {
    if (this.#lost.has(pack.id) || state.index.hasPack(pack.id)) return;
    this.#addPack(state, pack, domain, true);
    state.unindexed.set(pack.id, { pack, domain });
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#tail.then(async () => {
      try {
        await work();
        this.#state = this.#latest;
      } finally {
        this.#next = null;
      }
    });
    this.#tail = turn.catch(() => {}); // reported to whoever asked for it
    return turn;
  }
}

function createState(generation: Generation): IndexState {
  return {
    index: new ChunkIndex(),
    generation,
    objects: new Map(),
    damaged: new Set(),
    unindexed: new Map(),
    lacksPacks: false,
  };
}

function idsOf(packs: readonly PackDescription[]): PackId[] {
  return packs.map(({ id }) => id);
}

async function* toAsync<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

function packIdIn(key: string): PackId | null {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return isId(name) ? (name as PackId) : null;
}
