/** Generations: what is being removed (docs/format.md §10.2). */
import { ConflictError, IntegrityError, NotFoundError, StorageError } from '../../shared/errors.js';
import type { ObjectStore } from '../../storage/object-store.js';
import { HASH_BYTES, type IndexId, type ObjectId, type PackId } from '../codec/ids.js';
import { type ControlDeps, openControl, sealControl } from './control-object.js';

const FOLDER = 'generations/';
const NAME = /^[0-9a-f]{16}$/;
const NAME_DIGITS = 16;
/** A generation that is replaced while it is read is read again this often. */
const READ_ATTEMPTS = 10;

/** What the generation in force condemns. */
export interface Generation {
  /** 0: there is none. */
  number: number;
  packs: ReadonlySet<PackId>;
  indexes: ReadonlySet<IndexId>;
  /** False when it is damaged: any pack may be condemned then. */
  isReadable: boolean;
}

/** Without any generation nothing is condemned. */
export const NO_GENERATION: Generation = {
  number: 0,
  packs: new Set(),
  indexes: new Set(),
  isReadable: true,
};

/** What Generations works with. */
export interface GenerationsDeps extends ControlDeps {
  store: ObjectStore;
  onWarning: (message: string) => void;
}

export class Generations {
  readonly #deps: GenerationsDeps;

  constructor(deps: GenerationsDeps) {
    this.#deps = deps;
  }

  /** The generation in force. @throws StorageError */
  async read(): Promise<Generation> {
    for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
      const number = Math.max(0, ...(await this.#numbers()));
      if (number === 0) return NO_GENERATION;
      const generation = await this.#read(number);
      if (generation) return generation;
    }
    throw new StorageError(
      'SERVICE_UNAVAILABLE',
      'The storage lists a generation that it does not hold; check the storage',
      { retryable: true },
    );
  }

  /**
   * Puts the next generation in force and removes lower ones.
   * @throws ConflictError when another clean-up was faster
   */
  async advance(
    from: Generation,
    condemned: { packs: readonly PackId[]; indexes: readonly IndexId[] },
  ): Promise<Generation> {
    const number = from.number + 1;
    const key = keyOf(number);
    const stored = sealControl(this.#deps, 'generation', key, {
      packs: packIds(condemned.packs),
      indexes: packIds(condemned.indexes),
    });
    try {
      await this.#deps.store.put(key, [stored], { ifAbsent: true });
    } catch (error) {
      throw error instanceof ConflictError ? overtaken(error) : error;
    }
    // Under a number that was in force once and is long removed, the `put` succeeds.
    const numbers = await this.#numbers();
    if (Math.max(...numbers) !== number) throw overtaken();
    for (const lower of numbers) if (lower < number) await this.#deps.store.delete(keyOf(lower));
    return { number, packs: new Set(condemned.packs), indexes: new Set(condemned.indexes), isReadable: true };
  }

  async #numbers(): Promise<number[]> {
    const numbers: number[] = [];
    for await (const { key } of this.#deps.store.list(FOLDER)) {
      const name = key.slice(FOLDER.length);
      const number = NAME.test(name) ? Number.parseInt(name, 16) : Number.NaN;
      if (Number.isSafeInteger(number)) numbers.push(number);
    }
    return numbers;
  }

  /** Null when a higher one has taken its place meanwhile. */
  async #read(number: number): Promise<Generation | null> {
    const key = keyOf(number);
    const { store, keys, onWarning } = this.#deps;
    try {
      const { packs, indexes } = await openControl(keys, 'generation', key, await store.get(key));
      return { number, packs: unpackIds(packs), indexes: unpackIds(indexes), isReadable: true };
    } catch (error) {
      if (error instanceof NotFoundError) return null;
      if (!(error instanceof IntegrityError)) throw error;
      onWarning(`Object "${key}" is damaged; backups store everything again until the next clean-up`);
      return { ...NO_GENERATION, number, isReadable: false };
    }
  }
}

/** Another clean-up of the same repository went on while this one stood still. */
export function overtaken(cause?: unknown): ConflictError {
  return new ConflictError('Another clean-up of this repository is at work; try again when it has ended', {
    cause,
    retryable: true,
  });
}

function keyOf(number: number): string {
  return FOLDER + number.toString(16).padStart(NAME_DIGITS, '0');
}

function packIds(ids: readonly ObjectId[]): Buffer {
  const bytes = Buffer.alloc(ids.length * HASH_BYTES);
  for (const [at, id] of ids.entries()) bytes.write(id, at * HASH_BYTES, 'hex');
  return bytes;
}

function unpackIds<T extends ObjectId>(bytes: Uint8Array): Set<T> {
  const ids = new Set<T>();
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < buffer.length; at += HASH_BYTES)
    ids.add(buffer.toString('hex', at, at + HASH_BYTES) as T);
  return ids;
}
