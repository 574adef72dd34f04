/**
 * Reads chunks back: a block is fetched, authenticated and decompressed once and kept while its chunks are likely to be
 * asked for; blocks that will be needed next are fetched ahead. Every chunk is compared with its id.
 *
 * Memory: CACHED_BLOCKS blocks of up to 1 MiB, and their stored form while they are opened.
 */
import { IntegrityError, NotFoundError, throwIfCancelled } from '../../shared/errors.js';
import { type ChunkIdOf, createChunkIdOf } from '../codec/chunk-id.js';
import { HASH_BYTES, type PackId } from '../codec/ids.js';
import { type Domain, decodeHeader } from '../codec/object-header.js';
import { decodeContent, openSegment, type SegmentContext } from '../codec/segment.js';
import type { BlockPlace, ChunkIndex, ChunkPlace } from '../index/chunk-index.js';
import { MAX_BLOCK_BYTES } from '../pack/pack-table.js';
import {
  countReferences,
  REFERENCE_BYTES,
  type References,
  referencedBytes,
} from '../snapshot/references.js';
import { packKey, type Repository } from './repository.js';

const CACHED_BLOCKS = 24;
const CACHED_PACK_KEYS = 64;

/** Blocks that may be fetched before they are asked for. */
export const BLOCKS_AHEAD = 6;

/**
 * `readAll` looks this many chunks ahead, about 4 to 12 blocks, and again after every PREFETCH_EVERY. More would push out
 * blocks that are needed before.
 */
const CHUNKS_AHEAD = 128;
const PREFETCH_EVERY = 16;

export class ChunkReader {
  readonly #repository: Repository;
  /** The numbers of blocks are those of this index. */
  #index: ChunkIndex;
  readonly #domain: Domain;
  readonly #chunkIdOf: ChunkIdOf;
  readonly #signal: AbortSignal | undefined;
  /** Least recently used first. */
  readonly #blocks = new Map<number, Promise<Buffer>>();
  readonly #contexts = new Map<PackId, SegmentContext>();
  /** Packs that were gone, and the reading of the index after that. */
  readonly #gone = new Map<string, Promise<void>>();
  #fetching = 0;

  constructor(repository: Repository, domain: Domain, options: { signal?: AbortSignal } = {}) {
    this.#repository = repository;
    this.#index = repository.index;
    this.#domain = domain;
    this.#chunkIdOf = createChunkIdOf(repository.keys.chunkIdKey(domain));
    this.#signal = options.signal;
  }

  /** True when every chunk that `references` names is in the index. */
  hasAll(references: References): boolean {
    for (let number = 0; number < countReferences(references); number++) {
      if (!this.#index.has(references, number * REFERENCE_BYTES)) return false;
    }
    return true;
  }

  /** True when every chunk that `references` names can be looked for: it is in a block that is not known to be damaged. */
  canFind(references: References): boolean {
    for (let number = 0; number < countReferences(references); number++) {
      if (this.#index.find(references, number * REFERENCE_BYTES) === null) return false;
    }
    return true;
  }

  /**
   * Begins to fetch the blocks of `references`, as far as there is room.
   * @returns false when some were left for later
   */
  prefetch(references: References): boolean {
    for (let number = 0; number < countReferences(references); number++) {
      const place = this.#index.find(references, number * REFERENCE_BYTES);
      if (!place || this.#blocks.has(place.block)) continue;
      if (this.#fetching >= BLOCKS_AHEAD) return false;
      this.#block(place.block).catch(() => {}); // reported to whoever asks for the chunk
    }
    return true;
  }

  /**
   * The plain bytes of one referenced chunk: a view that stays valid.
   * @throws IntegrityError when the chunk is missing or damaged
   */
  async read(references: References, number: number): Promise<Buffer> {
    const tried = new Map<string, unknown>();
    for (;;) {
      throwIfCancelled(this.#signal);
      try {
        return await this.#read(references, number);
      } catch (error) {
        const pack = goneIn(error);
        // What is nowhere else either is missing from the pack that it was in.
        if (pack === null || tried.has(pack))
          throw error instanceof IntegrityError ? ([...tried.values()][0] ?? error) : error;
        tried.set(pack, error);
        await this.#lookAgain(pack);
      }
    }
  }

  async #read(references: References, number: number): Promise<Buffer> {
    const place = this.#placeOf(references, number);
    const blockPlace = this.#index.blockPlace(place.block);
    const block = await this.#block(place.block);
    const chunk = block.subarray(
      place.offsetInBlock,
      place.offsetInBlock + referencedBytes(references, number),
    );
    const id = references.subarray(number * REFERENCE_BYTES, number * REFERENCE_BYTES + HASH_BYTES);
    if (!this.#chunkIdOf(chunk).equals(id)) throw damaged(blockPlace, 'holds another chunk');
    return chunk;
  }

  /** The chunks of `references` in order, fetched ahead. */
  async *readAll(references: References): AsyncGenerator<Buffer> {
    const count = countReferences(references);
    for (let number = 0; number < count; number++) {
      if (number % PREFETCH_EVERY === 0)
        this.prefetch(slice(references, number, Math.min(count, number + CHUNKS_AHEAD)));
      yield await this.read(references, number);
    }
  }

  /** A clean-up removes packs whose content is in others (docs/format.md §10.2), which the index may not know yet. */
  #lookAgain(pack: string): Promise<void> {
    const looking = this.#gone.get(pack) ?? this.#reload();
    this.#gone.set(pack, looking);
    return looking;
  }

  async #reload(): Promise<void> {
    await this.#repository.prepare(this.#signal ? { signal: this.#signal } : {});
    if (this.#index === this.#repository.index) return;
    this.#index = this.#repository.index;
    this.#blocks.clear();
  }

  #placeOf(references: References, number: number): ChunkPlace {
    const place = this.#index.find(references, number * REFERENCE_BYTES);
    if (place) return place;
    const id = references.toString('hex', number * REFERENCE_BYTES, number * REFERENCE_BYTES + HASH_BYTES);
    throw new IntegrityError(`Chunk ${id} is not in the repository's index`);
  }

  #block(number: number): Promise<Buffer> {
    const cached = this.#blocks.get(number);
    const block = cached ?? this.#fetch(number);
    this.#blocks.delete(number);
    this.#blocks.set(number, block);
    if (this.#blocks.size > CACHED_BLOCKS) this.#blocks.delete(this.#blocks.keys().next().value!);
    return block;
  }

  async #fetch(number: number): Promise<Buffer> {
    this.#fetching++;
    try {
      const place = this.#index.blockPlace(number);
      const stored = await this.#readStored(place);
      const opened = openSegment(this.#contextOf(place), place.segment, stored);
      if (!opened) throw damaged(place, 'is damaged');
      return await decodeContent(opened, MAX_BLOCK_BYTES);
    } finally {
      this.#fetching--;
    }
  }

  async #readStored(place: BlockPlace): Promise<Buffer> {
    try {
      return await this.#repository.store.getRange(packKey(place.pack.id), place.offset, place.storedBytes);
    } catch (cause) {
      if (cause instanceof NotFoundError) throw damaged(place, 'is missing', cause);
      throw cause;
    }
  }

  #contextOf(place: BlockPlace): SegmentContext {
    const { id, header, domain } = place.pack;
    let context = this.#contexts.get(id);
    if (!context) {
      if (domain !== this.#domain)
        throw damaged(place, `is of the ${domain} domain, expected ${this.#domain}`);
      context = this.#repository.keys.openObject(decodeHeader('pack', header), header);
      if (this.#contexts.size >= CACHED_PACK_KEYS) this.#contexts.delete(this.#contexts.keys().next().value!);
      this.#contexts.set(id, context);
    }
    return context;
  }
}

/** The pack that an error says is gone, or null. */
function goneIn(error: unknown): string | null {
  const isGone = error instanceof IntegrityError && error.cause instanceof NotFoundError;
  return isGone ? String(error.details.pack) : null;
}

function damaged(place: BlockPlace, what: string, cause?: unknown): IntegrityError {
  return new IntegrityError(`Block ${place.segment} of pack ${place.pack.id} ${what}`, {
    cause,
    details: { pack: place.pack.id, block: place.segment },
  });
}

function slice(references: References, from: number, to: number): References {
  return references.subarray(from * REFERENCE_BYTES, to * REFERENCE_BYTES);
}
