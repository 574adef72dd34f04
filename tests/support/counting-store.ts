import { MemoryStore } from '../../src/storage/memory-store.js';
import type { ObjectStore } from '../../src/storage/object-store.js';

/** A store in memory that notes which objects are read. */
export class CountingStore extends MemoryStore implements ObjectStore {
  /** Keys that were read, each once. */
  readonly read = new Set<string>();
  bytesRead = 0;

  override async get(key: string): Promise<Buffer> {
    return this.#note(key, await super.get(key));
  }

  override async getRange(key: string, offset: number, length: number): Promise<Buffer> {
    return this.#note(key, await super.getRange(key, offset, length));
  }

  /** Forgets what was read so far. */
  reset(): void {
    this.read.clear();
    this.bytesRead = 0;
  }

  /** How many of the objects read were packs. */
  get packsRead(): number {
    return [...this.read].filter((key) => key.startsWith('packs/')).length;
  }

  #note(key: string, bytes: Buffer): Buffer {
    this.read.add(key);
    this.bytesRead += bytes.length;
    return bytes;
  }
}
