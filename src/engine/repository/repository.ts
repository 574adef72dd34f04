/**
 * An open repository: keys, index and snapshots over an object store. Knows where every chunk is; writing and reading
 * chunks is done by ChunkWriter and ChunkReader.
 */
import type { Clock } from '../../shared/clock.js';
import { IntegrityError, throwIfCancelled } from '../../shared/errors.js';
import type { ObjectStore } from '../../storage/object-store.js';
import { idOf, isId, type PackId, parseId, type SnapshotId } from '../codec/ids.js';
import type { KeyRing, RandomBytes } from '../codec/key-ring.js';
import type { Domain } from '../codec/object-header.js';
import type { ChunkIndex } from '../index/chunk-index.js';
import type { PackDescription } from '../pack/pack-reader.js';
import { domainOf, openSnapshot, type Snapshot, sealSnapshot } from '../snapshot/snapshot-object.js';
import { IndexLoader } from './index-loader.js';
import { assertHead, type HeadOptions, openOrCreateHead, readNamed } from './repository-head.js';

export interface RepositoryDeps {
  store: ObjectStore;
  clock: Clock;
  random: RandomBytes;
  /** Told of damage that was worked around, for the log. */
  onWarning: (message: string) => void;
}

/** A snapshot in the catalogue: what choosing one needs, without its manifests. */
export type CataloguedSnapshot = Omit<Snapshot, 'components'> & {
  id: SnapshotId;
  components: Omit<Snapshot['components'][number], 'manifest'>[];
};

export class Repository {
  readonly store: ObjectStore;
  readonly keys: KeyRing;
  readonly #indexLoader: IndexLoader;
  readonly random: RandomBytes;
  readonly #onWarning: (message: string) => void;
  readonly #catalogue = new Map<SnapshotId, CataloguedSnapshot>();

  private constructor(deps: RepositoryDeps, keys: KeyRing) {
    this.store = deps.store;
    this.random = deps.random;
    this.keys = keys;
    this.#onWarning = deps.onWarning;
    this.#indexLoader = new IndexLoader({ ...deps, keys });
  }

  /** Where every chunk is. */
  get index(): ChunkIndex {
    return this.#indexLoader.index;
  }

  /**
   * Opens the repository, making one when the storage holds none and one may be made.
   * @throws KeyError, IntegrityError, NotFoundError, StorageError
   */
  static async open(deps: RepositoryDeps, options: HeadOptions): Promise<Repository> {
    const repository = new Repository(deps, await openOrCreateHead(deps, options));
    await repository.refresh();
    return repository;
  }

  /**
   * Learns what other servers have added or removed since.
   * @throws StorageError when the storage no longer holds this repository: nothing may rely on its chunks then
   */
  async refresh(options: { signal?: AbortSignal } = {}): Promise<void> {
    await assertHead(this.store, this.keys.repositoryId);
    await this.#refreshCatalogue(options.signal);
    await this.#indexLoader.refresh(options.signal);
  }

  /** To be called after `refresh` and before a backup relies on chunks that are stored: forgets those that are gone. */
  async prepareToRely(options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#indexLoader.prepareToRely(options.signal);
  }

  /** Every snapshot that was there at the last refresh. */
  catalogue(): Iterable<CataloguedSnapshot> {
    return this.#catalogue.values();
  }

  /**
   * The whole snapshot.
   * @throws IntegrityError when it is damaged or missing
   */
  async readSnapshot(id: SnapshotId): Promise<Snapshot> {
    return openSnapshot(this.keys, await readNamed(this.store, snapshotKey(id)));
  }

  /**
   * Commits a snapshot: from here on it exists. Its packs and indexes must be durable.
   * @throws StorageError; the snapshot does not exist then, as far as the storage can still be told so
   */
  async commitSnapshot(snapshot: Snapshot): Promise<SnapshotId> {
    const stored = sealSnapshot(this.keys, domainOf(snapshot), this.random, snapshot);
    const id = idOf<SnapshotId>(stored);
    try {
      await this.store.put(snapshotKey(id), [stored]);
    } catch (error) {
      await Promise.allSettled([this.store.delete(snapshotKey(id))]); // a `put` that fails may have stored it
      throw error;
    }
    this.#catalogue.set(id, toCatalogued(id, snapshot));
    return id;
  }

  /** Makes a snapshot unreachable. Not there: not an error. */
  async deleteSnapshot(id: SnapshotId): Promise<void> {
    await this.store.delete(snapshotKey(id));
    this.#catalogue.delete(id);
  }

  /**
   * Writes the index object of packs that are durable, and makes their chunks known.
   * @returns its stored size in bytes
   */
  async commitPacks(domain: Domain, packs: readonly PackDescription[]): Promise<number> {
    return this.#indexLoader.commit(domain, packs);
  }

  async #refreshCatalogue(signal?: AbortSignal): Promise<void> {
    const gone = new Set(this.#catalogue.keys());
    for await (const { key } of this.store.list('snapshots/')) {
      throwIfCancelled(signal);
      const name = key.slice('snapshots/'.length);
      if (!isId(name)) continue;
      const id = parseId<SnapshotId>(name);
      if (!gone.delete(id) && !this.#catalogue.has(id)) await this.#catalogueSnapshot(id);
    }
    for (const id of gone) this.#catalogue.delete(id);
  }

  async #catalogueSnapshot(id: SnapshotId): Promise<void> {
    try {
      this.#catalogue.set(id, toCatalogued(id, await this.readSnapshot(id)));
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      this.#onWarning(`Snapshot ${id} is left out: ${error.message}`); // one damaged backup must not hide the others
    }
  }
}

/** Key of a pack. */
export function packKey(id: PackId): string {
  return `packs/${id.slice(0, 2)}/${id}`;
}

function snapshotKey(id: SnapshotId): string {
  return `snapshots/${id}`;
}

function toCatalogued(id: SnapshotId, snapshot: Snapshot): CataloguedSnapshot {
  return {
    ...snapshot,
    id,
    components: snapshot.components.map(({ manifest: _, ...component }) => component),
  };
}
