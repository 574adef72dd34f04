/**
 * Every lease in the storage: taking one, seeing those of others, and revoking those whose holders are dead
 * (docs/format.md §10.1, §10.3). Whether a holder is dead is judged by this process's own monotonic clock; a mistake
 * costs that holder its work, never anybody a byte.
 */
import type { Clock } from '../../shared/clock.js';
import { ConflictError, IntegrityError, NotFoundError } from '../../shared/errors.js';
import { idOf, isId, type LeaseName, parseId, type SnapshotId } from '../codec/ids.js';
import { openControl, sealControl } from './control-object.js';
import { fenceKey, Lease, type LeaseDeps, type LeaseKind, type LeaseTerms, leaseKey } from './lease.js';
import { snapshotKey } from './snapshot-catalogue.js';

/** A lease that this process has watched for so long without a beat belongs to a dead holder. */
export const STALE_AFTER_MS = 15 * 60_000;

const NAME = /^[0-9a-f]+x[0-9a-f]{32}$/;
const NAME_BYTES = 16;

/** A lease of somebody. */
export interface SeenLease {
  name: LeaseName;
  kind: LeaseKind | 'unreadable';
  generation: number;
  snapshot: string | null;
  /** Changes with every beat. */
  pulse: string;
}

/** What a LeaseBook works with. */
export interface LeaseBookDeps extends Omit<LeaseDeps, 'onLeftBehind'> {
  clock: Clock;
  /** Names this process among all that ever use the storage: lower-case hex. */
  instanceId: string;
}

export class LeaseBook {
  readonly #deps: LeaseBookDeps;
  /** Leases of this process that were given up and could not be removed. */
  readonly #leftBehind = new Set<LeaseName>();
  /** Since when, by the monotonic clock, each lease has not beaten. */
  readonly #watched = new Map<LeaseName, { pulse: string; sinceMs: number }>();

  constructor(deps: LeaseBookDeps) {
    this.#deps = deps;
  }

  /** @throws StorageError, but for readers, who go on without */
  async take(terms: LeaseTerms): Promise<Lease> {
    const { instanceId, random } = this.#deps;
    const suffix = Buffer.from(random(NAME_BYTES)).toString('hex');
    const onLeftBehind = (name: LeaseName) => void this.#leftBehind.add(name);
    const lease = await Lease.take(
      `${instanceId}x${suffix}` as LeaseName,
      { ...this.#deps, onLeftBehind },
      terms,
    );
    await this.#removeLeftBehind();
    return lease;
  }

  /** Best effort: what stays is revoked by a later clean-up. */
  async #removeLeftBehind(): Promise<void> {
    const { store } = this.#deps;
    for (const name of [...this.#leftBehind]) {
      try {
        await store.delete(leaseKey(name));
        await store.delete(fenceKey(name));
        this.#leftBehind.delete(name);
      } catch {
        return; // the storage is still out of reach, which the work itself will say
      }
    }
  }

  /** Removes what earlier runs of this instance left: they are dead. */
  async removeOwn(): Promise<void> {
    const { store, instanceId } = this.#deps;
    for (const folder of ['leases/', 'fences/']) {
      const keys: string[] = [];
      for await (const { key } of store.list(folder))
        if (key.startsWith(`${folder}${instanceId}x`)) keys.push(key);
      for (const key of keys) await store.delete(key);
    }
  }

  /** True when `own` is the only lease. @throws StorageError */
  async isOnly(own: Lease): Promise<boolean> {
    return (await this.#otherNames(own)).length === 0;
  }

  /** Every lease but `own`. @throws StorageError */
  async others(own: Lease): Promise<SeenLease[]> {
    const seen: SeenLease[] = [];
    for (const name of await this.#otherNames(own)) {
      const lease = await this.#read(name);
      if (lease) seen.push(lease);
    }
    return seen;
  }

  /** As `others`, without those that are revoked because their holders are dead. @throws StorageError */
  async othersAlive(own: Lease): Promise<SeenLease[]> {
    const nowMs = this.#deps.clock.monotonicMs();
    const seen = await this.others(own);
    const names = new Set(seen.map(({ name }) => name));
    for (const name of this.#watched.keys()) if (!names.has(name)) this.#watched.delete(name);
    const alive: SeenLease[] = [];
    for (const lease of seen) {
      const watched = this.#watched.get(lease.name);
      const isStale = watched?.pulse === lease.pulse && nowMs - watched.sinceMs >= STALE_AFTER_MS;
      if (watched?.pulse !== lease.pulse)
        this.#watched.set(lease.name, { pulse: lease.pulse, sinceMs: nowMs });
      if (!isStale || !(await this.#revoke(lease.name))) alive.push(lease);
    }
    return alive;
  }

  async #otherNames(own: Lease): Promise<LeaseName[]> {
    const names: LeaseName[] = [];
    for await (const { key } of this.#deps.store.list('leases/')) {
      const name = key.slice('leases/'.length) as LeaseName;
      if (NAME.test(name) && name !== own.name) names.push(name);
    }
    return names;
  }

  /** True when no lease is left of somebody who was revoked, and may not know it yet. @throws StorageError */
  async hasNoRevoked(): Promise<boolean> {
    for await (const { key } of this.#deps.store.list('fences/')) {
      const name = key.slice('fences/'.length) as LeaseName;
      if (!NAME.test(name)) continue;
      const fence = await this.#readFence(name);
      if (fence === 'unreadable' || fence?.snapshot === null) return false;
    }
    return true;
  }

  /** Removes the fences of writers that died after they had committed. Fences are listed before leases. */
  async removeLeftFences(): Promise<void> {
    const { store } = this.#deps;
    const declared: LeaseName[] = [];
    for await (const { key } of store.list('fences/')) {
      const name = key.slice('fences/'.length) as LeaseName;
      if (!NAME.test(name)) continue;
      const fence = await this.#readFence(name);
      if (fence !== 'unreadable' && fence !== null && fence.snapshot !== null) declared.push(name);
    }
    for (const name of declared) if (!(await this.#read(name))) await store.delete(fenceKey(name));
  }

  /** @returns false when the holder may still commit: its fence cannot be read */
  async #revoke(name: LeaseName): Promise<boolean> {
    const { store, onWarning } = this.#deps;
    const key = fenceKey(name);
    try {
      await store.put(key, [sealControl(this.#deps, 'fence', key, { snapshot: null })], { ifAbsent: true });
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      const fence = await this.#readFence(name);
      if (fence === 'unreadable') {
        onWarning(`Fence "${name}" is damaged; its lease stays until its server starts again`);
        return false;
      }
      if (fence?.snapshot != null) {
        await this.#settle(name, fence.snapshot);
        await store.delete(leaseKey(name));
        await store.delete(key);
        return true;
      }
    }
    await store.delete(leaseKey(name));
    this.#watched.delete(name);
    return true;
  }

  /** From here on the snapshot is there, or never will be. */
  async #settle(name: LeaseName, snapshot: string): Promise<void> {
    if (!isId(snapshot)) return; // no writer of ours; no object has such a name
    const key = snapshotKey(parseId<SnapshotId>(snapshot));
    try {
      const content = sealControl(this.#deps, 'void', key, { lease: name });
      await this.#deps.store.put(key, [content], { ifAbsent: true });
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error; // it is there: the writer came that far
    }
  }

  async #readFence(name: LeaseName) {
    const key = fenceKey(name);
    return this.#orNull(async () =>
      openControl(this.#deps.keys, 'fence', key, await this.#deps.store.get(key)),
    );
  }

  async #read(name: LeaseName): Promise<SeenLease | null> {
    const key = leaseKey(name);
    let stored: Buffer | null = null;
    const lease = await this.#orNull(async () => {
      stored = await this.#deps.store.get(key);
      return openControl(this.#deps.keys, 'lease', key, stored);
    });
    if (lease === null) return null;
    if (lease === 'unreadable')
      return { name, kind: lease, generation: 0, snapshot: null, pulse: idOf(stored ?? Buffer.alloc(0)) };
    const { kind, generation, snapshot, beat } = lease;
    return { name, kind, generation, snapshot, pulse: `${beat}/${generation}` };
  }

  async #orNull<T>(read: () => Promise<T>): Promise<T | 'unreadable' | null> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof NotFoundError) return null; // its holder was done with it
      if (error instanceof IntegrityError) return 'unreadable';
      throw error;
    }
  }
}
