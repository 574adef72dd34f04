import { StorageError } from '../../src/shared/errors.js';
import type { ObjectStore, StoredObject, StoreSpace } from '../../src/storage/object-store.js';

/** A call of the store that is made to fail. */
export interface Fault {
  /** Which call, counted from 1. */
  call: number;
  /** Whether the call has its effect before it fails. */
  afterDoing: boolean;
  code: 'INSUFFICIENT_STORAGE' | 'SERVICE_UNAVAILABLE';
  /** Every later call fails too, as when a disk is gone. */
  forGood: boolean;
}

/** Passes every call on to another store, but for those that `fault` says. */
export class FaultyStore implements ObjectStore {
  readonly #inner: ObjectStore;
  fault: Fault | null = null;
  /** Calls since the last `reset`. */
  calls = 0;
  /** The call that failed, as `put packs/…`, or null. */
  failed: string | null = null;

  constructor(inner: ObjectStore) {
    this.#inner = inner;
  }

  get location(): string {
    return this.#inner.location;
  }

  reset(fault: Fault | null): void {
    this.fault = fault;
    this.calls = 0;
    this.failed = null;
  }

  put(key: string, pieces: readonly Uint8Array[], options?: { ifAbsent?: boolean }): Promise<void> {
    return this.#run(`put ${key}`, () => this.#inner.put(key, pieces, options));
  }

  get(key: string): Promise<Buffer> {
    return this.#run(`get ${key}`, () => this.#inner.get(key));
  }

  probe(): Promise<StoreSpace> {
    return this.#run('probe', () => this.#inner.probe());
  }

  getRange(key: string, offset: number, length: number): Promise<Buffer> {
    return this.#run(`getRange ${key}`, () => this.#inner.getRange(key, offset, length));
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    await this.#run(`list ${prefix}`, async () => {});
    yield* this.#inner.list(prefix);
  }

  delete(key: string): Promise<void> {
    return this.#run(`delete ${key}`, () => this.#inner.delete(key));
  }

  async #run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const call = ++this.calls;
    const { fault } = this;
    if (!fault || (fault.forGood ? call < fault.call : call !== fault.call)) return work();
    this.failed ??= name;
    if (fault.afterDoing && call === fault.call) await work();
    throw new StorageError(fault.code, `The store was told to fail at call ${call}`);
  }
}
