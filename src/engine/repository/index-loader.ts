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
import { readNamed } from './repository-head.js';

/** Index objects that are read at a time; most are small, the largest a few megabytes. */
const OBJECTS_AT_A_TIME = 8;

/** What an IndexLoader works with. */
export interface IndexLoaderDeps {
  store: ObjectStore;
  keys: KeyRing;
  random: RandomBytes;
  /** Told of damage that was worked around, for the log. */
  onWarning: (message: string) => void;
}

export class IndexLoader {
  readonly #deps: IndexLoaderDeps;
  #index = new ChunkIndex();
  readonly #loaded = new Set<string>();
  /** Packs that an index object names and the storage does not hold whole. */
  readonly #lost = new Set<PackId>();
  /** Packs that are known from themselves only: an index object has to name them before a backup relies on them. */
  readonly #unindexed: Record<Domain, PackDescription[]> = { plain: [], sealed: [] };
  /** Packs whose tables are damaged, so that each is reported once. */
  readonly #unreadable = new Set<PackId>();
  /** An index object was damaged, and the packs have not been read in its stead yet. */
  #lacksPacks = false;

  constructor(deps: IndexLoaderDeps) {
    this.#deps = deps;
  }

  /** The index as it is now; another one after packs were lost. */
  get index(): ChunkIndex {
    return this.#index;
  }

  /** Reads index objects that are new, and packs in the stead of damaged ones. */
  async refresh(signal?: AbortSignal): Promise<void> {
    await forEachConcurrently(this.#deps.store.list('index/'), OBJECTS_AT_A_TIME, async ({ key }) => {
      throwIfCancelled(signal);
      if (!this.#loaded.has(key)) await this.#load(key);
    });
    if (this.#lacksPacks) await this.comparePacks(signal);
    this.#lacksPacks = false;
  }

  /**
   * Compares the index with the packs that are there: reads those that no index object names, and forgets those that
   * are gone or cut short. To be called after `refresh`, before chunks are read.
   */
  async comparePacks(signal?: AbortSignal): Promise<void> {
    const expected = new Map(this.#index.packs());
    for await (const { key, sizeBytes } of this.#deps.store.list('packs/')) {
      throwIfCancelled(signal);
      const id = packIdIn(key);
      if (!id) continue;
      const indexedBytes = expected.get(id);
      if (indexedBytes === sizeBytes) expected.delete(id);
      else if (indexedBytes === undefined && !this.#unreadable.has(id))
        await this.#readPack(id, key, sizeBytes);
    }
    if (expected.size === 0) return;
    for (const id of expected.keys()) {
      this.#lost.add(id);
      this.#deps.onWarning(
        `Pack ${id} is missing or cut short; its content is stored again by the backups that still hold it`,
      );
    }
    await this.#rebuild(signal);
  }

  /**
   * To be called before chunks are relied on instead of being stored: as `comparePacks`, and makes durable what was
   * learned from packs alone.
   */
  async prepareToRely(signal?: AbortSignal): Promise<void> {
    await this.comparePacks(signal);
    for (const domain of DOMAINS) {
      while (this.#unindexed[domain].length > 0) {
        const packs = this.#unindexed[domain].slice(0, MAX_INDEXED_PACKS);
        await this.commit(domain, packs);
        this.#unindexed[domain].splice(0, packs.length);
      }
    }
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
    this.#loaded.add(key);
    for (const pack of packs) {
      this.#lost.delete(pack.id);
      this.#index.addPack(pack, domain);
    }
    return stored.length;
  }

  async #load(key: string): Promise<void> {
    const { store, keys, onWarning } = this.#deps;
    try {
      const { domain, packs } = await openIndexObject(keys, await readNamed(store, key));
      for (const pack of packs) if (!this.#lost.has(pack.id)) this.#index.addPack(pack, domain);
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      this.#lacksPacks = true;
      onWarning(`Index object "${key}" is damaged and is read from the packs instead: ${error.message}`);
    }
    this.#loaded.add(key);
  }

  /** Reads the table of a pack that no readable index object describes. */
  async #readPack(id: PackId, key: string, sizeBytes: number): Promise<void> {
    const { store, keys, onWarning } = this.#deps;
    try {
      const read = (offset: number, length: number) => store.getRange(key, offset, length);
      const { pack, domain } = await readPackTable(keys, id, sizeBytes, read);
      this.#index.addPack(pack, domain);
      this.#unindexed[domain].push({
        ...pack,
        header: Buffer.from(pack.header),
        table: Buffer.from(pack.table),
      });
    } catch (error) {
      if (error instanceof NotFoundError) return; // a backup that was cancelled has removed it
      if (!(error instanceof IntegrityError)) throw error;
      this.#unreadable.add(id);
      onWarning(`Pack ${id} is left out: ${error.message}`);
    }
  }

  /** A new index without the lost packs: a chunk that is in another pack as well is found there then. */
  async #rebuild(signal?: AbortSignal): Promise<void> {
    const known = DOMAINS.map((domain) => ({ domain, packs: this.#unindexed[domain].splice(0) }));
    this.#index = new ChunkIndex();
    this.#loaded.clear();
    await this.refresh(signal);
    for (const { domain, packs } of known) {
      for (const pack of packs) {
        if (this.#lost.has(pack.id) || this.#index.hasPack(pack.id)) continue;
        this.#index.addPack(pack, domain);
        this.#unindexed[domain].push(pack);
      }
    }
  }
}

function packIdIn(key: string): PackId | null {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return isId(name) ? (name as PackId) : null;
}
