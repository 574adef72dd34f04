import { asBuffer } from '../shared/bytes.js';
import { ConflictError, NotFoundError } from '../shared/errors.js';
import type { ObjectStore, StoredObject, StoreSpace } from './object-store.js';

/** Objects in memory: a real implementation for tests and trials. What it gives out are copies. */
export class MemoryStore implements ObjectStore {
  readonly location = 'memory';
  readonly #objects: Map<string, Buffer>;

  /** @param objects what the store begins with; later changes of the map are changes of the store */
  constructor(objects: Map<string, Buffer> = new Map()) {
    this.#objects = objects;
  }

  async put(key: string, pieces: readonly Uint8Array[], options: { ifAbsent?: boolean } = {}): Promise<void> {
    if (options.ifAbsent && this.#objects.has(key)) throw new ConflictError(`Object "${key}" exists already`);
    this.#objects.set(key, Buffer.concat(pieces.map(asBuffer)));
  }

  async get(key: string): Promise<Buffer> {
    return Buffer.from(this.#find(key));
  }

  async getRange(key: string, offset: number, length: number): Promise<Buffer> {
    return Buffer.from(this.#find(key).subarray(offset, offset + length));
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    for (const [key, bytes] of [...this.#objects]) {
      if (key.startsWith(prefix)) yield { key, sizeBytes: bytes.length };
    }
  }

  async probe(): Promise<StoreSpace> {
    return { freeBytes: null, totalBytes: null };
  }

  async delete(key: string): Promise<void> {
    this.#objects.delete(key);
  }

  #find(key: string): Buffer {
    const bytes = this.#objects.get(key);
    if (!bytes) throw new NotFoundError(`Object "${key}" is not in the storage`);
    return bytes;
  }
}
