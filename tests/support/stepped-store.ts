/**
 * A storage that several processes share, whose every call waits until a scheduler lets it happen: any interleaving of
 * theirs can be made, and the same one again from the same seed. Listings go page by page, so that changes overlap them.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { asBuffer } from '../../src/shared/bytes.js';
import { ConflictError, NotFoundError } from '../../src/shared/errors.js';
import type { ObjectStore, StoredObject } from '../../src/storage/object-store.js';

const PAGE_KEYS = 12;

/** A call that waits for its turn. */
export interface WaitingCall {
  process: number;
  /** For instance `put packs/…`. */
  name: string;
  /** Makes it happen; the caller learns of it only with `tell`. */
  happen: () => void;
  tell: () => void;
}

/** Told of every change as it happens. */
export interface StoreWatcher {
  onPut: (key: string, bytes: Buffer) => void;
  onDelete: (key: string) => void;
}

export class SteppedStorage {
  readonly objects = new Map<string, Buffer>();
  readonly #watcher: StoreWatcher;
  #waiting: WaitingCall[] = [];
  /** Calls happen at once: what has to be there before the scheduler begins. */
  isDirect = false;

  constructor(watcher: StoreWatcher) {
    this.#watcher = watcher;
  }

  /** Calls that wait, in the order they came. */
  get waiting(): readonly WaitingCall[] {
    return this.#waiting;
  }

  /** The storage as the process with this number sees it. */
  open(process: number): ObjectStore {
    const call = <T>(name: string, effect: () => T): Promise<T> => this.#call(process, name, effect);
    return {
      location: 'stepped',
      put: (key, pieces, options = {}) =>
        call(`put ${key}`, () => {
          if (options.ifAbsent && this.objects.has(key)) throw new ConflictError(`"${key}" exists already`);
          const bytes = Buffer.concat(pieces.map(asBuffer));
          this.objects.set(key, bytes);
          this.#watcher.onPut(key, bytes);
        }),
      get: (key) => call(`get ${key}`, () => Buffer.from(this.#find(key))),
      getRange: (key, offset, length) =>
        call(`getRange ${key}`, () => Buffer.from(this.#find(key).subarray(offset, offset + length))),
      list: (prefix) => this.#list(prefix, call),
      probe: () => call('probe', () => ({ freeBytes: null, totalBytes: null })),
      delete: (key) =>
        call(`delete ${key}`, () => {
          if (this.objects.delete(key)) this.#watcher.onDelete(key);
        }),
    };
  }

  /** Lets a call happen and end. */
  async step(call: WaitingCall): Promise<void> {
    this.#waiting = this.#waiting.filter((other) => other !== call);
    call.happen();
    call.tell();
    await settle();
  }

  /** A process dies: what it was about to do happens, or does not, and it never learns. */
  kill(process: number, doesHappen: () => boolean): void {
    for (const call of this.#waiting) if (call.process === process && doesHappen()) call.happen();
    this.#waiting = this.#waiting.filter((call) => call.process !== process);
  }

  #call<T>(process: number, name: string, effect: () => T): Promise<T> {
    if (this.isDirect) return Promise.resolve().then(effect);
    return new Promise<T>((resolve, reject) => {
      let tell = () => {};
      const happen = () => {
        try {
          const result = effect();
          tell = () => resolve(result);
        } catch (error) {
          tell = () => reject(error);
        }
      };
      this.#waiting.push({ process, name, happen, tell: () => tell() });
    });
  }

  async *#list(
    prefix: string,
    call: <T>(name: string, effect: () => T) => Promise<T>,
  ): AsyncGenerator<StoredObject> {
    for (let after = ''; ; ) {
      const page = await call(`list ${prefix}`, () =>
        [...this.objects]
          .filter(([key]) => key.startsWith(prefix) && key > after)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .slice(0, PAGE_KEYS)
          .map(([key, bytes]) => ({ key, sizeBytes: bytes.length })),
      );
      yield* page;
      const last = page.at(-1);
      if (!last || page.length < PAGE_KEYS) return;
      after = last.key;
    }
  }

  #find(key: string): Buffer {
    const bytes = this.objects.get(key);
    if (!bytes) throw new NotFoundError(`Object "${key}" is not in the storage`);
    return bytes;
  }
}

/** Resolves when everybody waits for a call, or is done: nothing of what is tested here waits for anything else. */
export async function settle(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
