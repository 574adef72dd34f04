/**
 * Which blocks of which packs were found damaged (docs/format.md §2.1). What is in them is taken for not stored: it is
 * stored again by the next backup that still finds it in the till, and read from there by every backup that needs it.
 * Kept in the storage itself, so that it outlives this process and other servers know of it.
 */
import { z } from 'zod';
import { IntegrityError, NotFoundError, throwIfCancelled } from '../../shared/errors.js';
import type { ObjectStore } from '../../storage/object-store.js';
import { isId, type PackId } from '../codec/ids.js';

const FOLDER = 'damaged/';

const markContent = z.strictObject({
  format: z.literal('tillvault-damage'),
  version: z.literal(1),
  blocks: z.array(z.int().min(0)),
});

export class DamageBook {
  readonly #store: ObjectStore;
  readonly #onWarning: (message: string) => void;
  readonly #packs = new Map<PackId, ReadonlySet<number>>();

  constructor({ store, onWarning }: { store: ObjectStore; onWarning: (message: string) => void }) {
    this.#store = store;
    this.#onWarning = onWarning;
  }

  /** The damaged blocks of a pack; undefined when none is known. */
  blocksOf(id: PackId): ReadonlySet<number> | undefined {
    return this.#packs.get(id);
  }

  /**
   * Learns what was noted and cleared since, here and by others.
   * @returns whether anything changed, so that an index made before is out of date
   */
  async refresh(signal?: AbortSignal): Promise<boolean> {
    const gone = new Set(this.#packs.keys());
    let hasChanged = false;
    for await (const { key } of this.#store.list(FOLDER)) {
      throwIfCancelled(signal);
      const id = key.slice(FOLDER.length);
      if (!isId(id) || gone.delete(id as PackId)) continue;
      const blocks = await this.#read(key);
      if (blocks === null) continue;
      this.#packs.set(id as PackId, blocks);
      hasChanged = true;
    }
    for (const id of gone) this.#packs.delete(id);
    return hasChanged || gone.size > 0;
  }

  /** Durable when it resolves; counts from the next `refresh` on. */
  async note(id: PackId, blocks: readonly number[]): Promise<void> {
    const known = this.#packs.get(id);
    if (known?.size === blocks.length && blocks.every((block) => known.has(block))) return;
    const content = { format: 'tillvault-damage', version: 1, blocks };
    await this.#store.put(FOLDER + id, [Buffer.from(`${JSON.stringify(content)}\n`)]);
    this.#packs.delete(id); // read anew by the next refresh
  }

  /** The pack is whole, or gone. Counts from the next `refresh` on. */
  async clear(id: PackId): Promise<void> {
    if (this.#packs.has(id)) await this.#store.delete(FOLDER + id);
  }

  /** Marks of packs that are not among `packs` any more are removed. */
  async clearAllBut(packs: ReadonlySet<string>): Promise<void> {
    for (const id of this.#packs.keys()) if (!packs.has(id)) await this.clear(id);
  }

  async #read(key: string): Promise<ReadonlySet<number> | null> {
    try {
      const { blocks } = markContent.parse(JSON.parse((await this.#store.get(key)).toString('utf8')));
      return new Set(blocks);
    } catch (error) {
      if (error instanceof NotFoundError) return null; // cleared since it was listed
      if (!(error instanceof SyntaxError || error instanceof z.ZodError || error instanceof IntegrityError))
        throw error;
      this.#onWarning(`Mark "${key}" of a damaged pack cannot be understood and is passed over`);
      return null;
    }
  }
}
