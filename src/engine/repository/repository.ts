/**
 * An open repository: keys, index and snapshots over an object store. Knows where every chunk is; writing and reading
 * chunks is done by ChunkWriter and ChunkReader.
 */
import type { Clock } from '../../shared/clock.js';
import { AppError, ConflictError, IntegrityError } from '../../shared/errors.js';
import { type StartTimer, startSystemTimer } from '../../shared/timer.js';
import type { ObjectStore } from '../../storage/object-store.js';
import { idOf, type PackId, type SnapshotId } from '../codec/ids.js';
import type { KeyRing, RandomBytes } from '../codec/key-ring.js';
import type { Domain } from '../codec/object-header.js';
import type { ChunkIndex } from '../index/chunk-index.js';
import type { PackDescription } from '../pack/pack-reader.js';
import { domainOf, openSnapshot, type Snapshot, sealSnapshot } from '../snapshot/snapshot-object.js';
import { DamageBook } from './damage-book.js';
import { Generations } from './generations.js';
import { IndexLoader } from './index-loader.js';
import type { Lease, LeaseKind } from './lease.js';
import { LeaseBook } from './lease-book.js';
import { assertHead, type HeadOptions, openOrCreateHead, readNamed } from './repository-head.js';
import { type CataloguedSnapshot, isVoid, SnapshotCatalogue, snapshotKey } from './snapshot-catalogue.js';

export type { CataloguedSnapshot } from './snapshot-catalogue.js';

export interface RepositoryDeps {
  store: ObjectStore;
  clock: Clock;
  random: RandomBytes;
  /** Told of damage that was worked around, for the log. */
  onWarning: (message: string) => void;
  /**
   * Names this server among all that use the storage: lower-case hex. No two processes may use one at the same time:
   * what is left of it is taken for dead when a repository is opened. Absent: one for this opening only.
   */
  instanceId?: string;
  /** Absent: the machine's timers. */
  startTimer?: StartTimer;
  /** Of leases and the like, apart from that of stored data, so that golden files can be made. Absent: `random`. */
  controlRandom?: RandomBytes;
}

const INSTANCE_BYTES = 16;

/** What work under a lease says of itself. */
export interface LeaseOptions {
  signal?: AbortSignal;
  /** What is to be read, for kind `reader`. */
  snapshot?: string;
}

export class Repository {
  readonly store: ObjectStore;
  readonly keys: KeyRing;
  /** Which blocks are known to be damaged. */
  readonly damage: DamageBook;
  readonly random: RandomBytes;
  readonly onWarning: (message: string) => void;
  readonly leases: LeaseBook;
  readonly generations: Generations;
  readonly indexLoader: IndexLoader;
  readonly #catalogue: SnapshotCatalogue;
  /** Calls of `withLease` under way. */
  #atWork = 0;

  private constructor(deps: RepositoryDeps, keys: KeyRing) {
    this.store = deps.store;
    this.random = deps.random;
    this.onWarning = deps.onWarning;
    this.keys = keys;
    this.damage = new DamageBook(deps);
    const control = { ...deps, keys, random: deps.controlRandom ?? deps.random };
    this.generations = new Generations(control);
    this.leases = new LeaseBook({
      ...control,
      instanceId: deps.instanceId ?? Buffer.from(control.random(INSTANCE_BYTES)).toString('hex'),
      startTimer: deps.startTimer ?? startSystemTimer,
    });
    this.indexLoader = new IndexLoader({
      ...deps,
      keys,
      generations: this.generations,
      damage: this.damage,
      isSole: () => this.#atWork <= 1,
    });
    this.#catalogue = new SnapshotCatalogue({ ...deps, keys });
  }

  /** Where every chunk is. */
  get index(): ChunkIndex {
    return this.indexLoader.index;
  }

  /**
   * Opens the repository, making one when the storage holds none and one may be made.
   * @throws KeyError, IntegrityError, NotFoundError, StorageError
   */
  static async open(deps: RepositoryDeps, options: HeadOptions): Promise<Repository> {
    const repository = await Repository.openUnread(deps, options);
    if (deps.instanceId !== undefined) await repository.leases.removeOwn();
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
    await this.indexLoader.refresh(options.signal);
  }

  /** As `refresh`, and makes sure that what the index names is there. To be called before chunks are read or relied upon. */
  async prepare(options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.refreshCatalogue(options);
    await this.indexLoader.prepare(options.signal);
  }

  /** As `refresh`, but only which snapshots there are. */
  async refreshCatalogue(options: { signal?: AbortSignal } = {}): Promise<void> {
    await assertHead(this.store, this.keys.repositoryId);
    await this.#catalogue.refresh(options.signal);
  }

  /**
   * Runs `work` with a lease, and with an index that knows what is stored. Whatever reads or writes chunks runs in it.
   * @throws what `work` throws; AppError INTERRUPTED in the stead of an IntegrityError when the lease was revoked, since
   *   what was read may have been removed then
   */
  async withLease<T>(
    kind: LeaseKind,
    { signal, snapshot }: LeaseOptions,
    work: (lease: Lease) => Promise<T>,
  ): Promise<T> {
    const lease = await this.#begin(kind, snapshot);
    try {
      await this.#ready(lease, kind, signal);
      return await work(lease);
    } catch (error) {
      if (error instanceof IntegrityError) await lease.assertHeld(error);
      throw error;
    } finally {
      await this.#end(lease);
    }
  }

  /** As `withLease`, for work that hands out what it reads: the lease is held until the stream ends or is returned. */
  async *streamWithLease<T>(
    kind: LeaseKind,
    { signal, snapshot }: LeaseOptions,
    work: (lease: Lease) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, void> {
    const lease = await this.#begin(kind, snapshot);
    try {
      await this.#ready(lease, kind, signal);
      yield* work(lease);
    } catch (error) {
      if (error instanceof IntegrityError) await lease.assertHeld(error);
      throw error;
    } finally {
      await this.#end(lease);
    }
  }

  async #begin(kind: LeaseKind, snapshot: string | undefined): Promise<Lease> {
    const { number: generation } = this.indexLoader.generation;
    const lease = await this.leases.take({ kind, generation, snapshot: snapshot ?? null });
    this.#atWork++;
    return lease;
  }

  async #ready(lease: Lease, kind: LeaseKind, signal: AbortSignal | undefined): Promise<void> {
    const signalOption = signal ? { signal } : {};
    await this.prepare(signalOption);
    if (kind === 'writer') await this.indexLoader.adopt(() => this.isAlone(lease), signalOption);
    const { generation: honoured } = this.indexLoader;
    if (honoured.isReadable) await lease.honour(honoured.number);
  }

  async #end(lease: Lease): Promise<void> {
    this.#atWork--;
    await lease.release();
  }

  /** True when nobody but the holder of `lease` can be about to remove packs that no index object names. */
  async isAlone(lease: Lease): Promise<boolean> {
    return (await this.leases.isOnly(lease)) && (await this.leases.hasNoRevoked());
  }

  /** Packs that an index object names and the storage did not hold whole when that was looked at. */
  get lostPacks(): ReadonlySet<PackId> {
    return this.indexLoader.lost;
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
   * @param lease what it was made under
   * @throws StorageError; the snapshot does not exist then, as far as the storage can still be told so
   * @throws AppError INTERRUPTED when the lease was revoked
   */
  async commitSnapshot(snapshot: Snapshot, lease: Lease): Promise<SnapshotId> {
    const stored = sealSnapshot(this.keys, domainOf(snapshot), this.random, snapshot);
    const id = idOf<SnapshotId>(stored);
    await lease.declare(id);
    try {
      await this.store.put(snapshotKey(id), [stored], { ifAbsent: true });
    } catch (error) {
      if (error instanceof ConflictError) throw voided(error);
      await Promise.allSettled([this.#withdraw(id)]); // a `put` that fails may have stored it
      throw error;
    }
    this.#catalogue.add(id, snapshot);
    return id;
  }

  /** Removes a snapshot that may have been stored, but never what says that it may not be. */
  async #withdraw(id: SnapshotId): Promise<void> {
    if (!(await isVoid(this, id))) await this.store.delete(snapshotKey(id));
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
    return this.indexLoader.commit(domain, packs);
  }
}

function voided(cause: unknown): AppError {
  return new AppError(
    'INTERRUPTED',
    'The backup stood still for so long before its end that a clean-up took it for dead; start it again',
    { cause, retryable: true },
  );
}

/** Key of a pack. */
export function packKey(id: PackId): string {
  return `packs/${id.slice(0, 2)}/${id}`;
}
