/**
 * An open repository: keys, index and snapshots over an object store. Knows where every chunk is; writing and reading
 * chunks is done by ChunkWriter and ChunkReader.
 */
import type { Clock } from '../../shared/clock.js';
import type { ObjectStore } from '../../storage/object-store.js';
import { idOf, type PackId, type SnapshotId } from '../codec/ids.js';
import type { KeyRing, RandomBytes } from '../codec/key-ring.js';
import type { Domain } from '../codec/object-header.js';
import type { ChunkIndex } from '../index/chunk-index.js';
import type { PackDescription } from '../pack/pack-reader.js';
import { domainOf, openSnapshot, type Snapshot, sealSnapshot } from '../snapshot/snapshot-object.js';
import { IndexLoader } from './index-loader.js';
import { assertHead, type HeadOptions, openOrCreateHead, readNamed } from './repository-head.js';
import { type CataloguedSnapshot, SnapshotCatalogue, snapshotKey } from './snapshot-catalogue.js';

export type { CataloguedSnapshot } from './snapshot-catalogue.js';

export interface RepositoryDeps {
  store: ObjectStore;
  clock: Clock;
  random: RandomBytes;
  /** Told of damage that was worked around, for the log. */
  onWarning: (message: string) => void;
}

export class Repository {
  readonly store: ObjectStore;
  readonly keys: KeyRing;
  readonly #indexLoader: IndexLoader;
  readonly random: RandomBytes;
  readonly #catalogue: SnapshotCatalogue;

  private constructor(deps: RepositoryDeps, keys: KeyRing) {
    this.store = deps.store;
    this.random = deps.random;
    this.keys = keys;
    this.#indexLoader = new IndexLoader({ ...deps, keys });
    this.#catalogue = new SnapshotCatalogue({ ...deps, keys });
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
    const repository = await Repository.openUnread(deps, options);
    await repository.refresh();
    return repository;
  }

  /** As `open`, but reads nothing beyond the head: `refresh` or `refreshCatalogue` must come before anything is asked. */
  static async openUnread(deps: RepositoryDeps, options: HeadOptions): Promise<Repository> {
    return new Repository(deps, await openOrCreateHead(deps, options));
  }

  /**
   * Learns what other servers have added or removed since.
   * @throws StorageError when the storage no longer holds this repository: nothing may rely on its chunks then
   */
  async refresh(options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.refreshCatalogue(options);
    await this.#indexLoader.refresh(options.signal);
  }

  /** As `refresh`, but only which snapshots there are. */
  async refreshCatalogue(options: { signal?: AbortSignal } = {}): Promise<void> {
    await assertHead(this.store, this.keys.repositoryId);
    await this.#catalogue.refresh(options.signal);
  }

  /** To be called after `refresh` and before chunks are read: finds packs that no index object names. */
  async prepareToRead(options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#indexLoader.comparePacks(options.signal);
  }

  /** To be called after `refresh` and before a backup relies on chunks that are stored: forgets those that are gone. */
  async prepareToRely(options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#indexLoader.prepareToRely(options.signal);
  }

  /** Every snapshot that was there at the last refresh. */
  catalogue(): Iterable<CataloguedSnapshot> {
    return this.#catalogue.values();
  }

  /** Snapshots that the last refresh found damaged: they are not in the catalogue. */
  get unreadableSnapshots(): ReadonlySet<SnapshotId> {
    return this.#catalogue.unreadable;
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
    this.#catalogue.add(id, snapshot);
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
}

/** Key of a pack. */
export function packKey(id: PackId): string {
  return `packs/${id.slice(0, 2)}/${id}`;
}
