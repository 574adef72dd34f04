/**
 * Answers "is this chunk stored, and where?" for every chunk of a repository. Held in typed arrays: about 30 bytes for
 * each chunk, and nothing that the garbage collector has to walk.
 *
 * A chunk is known by the first 16 bytes of its id. Two chunks that agree in them would need about 2^64 chunks made on
 * purpose; what is read is compared with the whole id in any case.
 */
import { invariant } from '../../shared/errors.js';
import type { PackId } from '../codec/ids.js';
import { type Domain, HEADER_BYTES } from '../codec/object-header.js';
import type { PackDescription } from '../pack/pack-reader.js';
import { visitPackTable } from '../pack/pack-table.js';
import { GrowingUint32 } from './growing-uint32.js';

/** Where a chunk is. */
export interface ChunkPlace {
  /** Number of the block in this index, for caches. */
  block: number;
  offsetInBlock: number;
}

/** Where a block is. */
export interface BlockPlace {
  pack: IndexedPack;
  /** Number of the block's segment in its pack. */
  segment: number;
  /** Offset of the segment in the pack's stored bytes. */
  offset: number;
  storedBytes: number;
  contentBytes: number;
}

export interface IndexedPack {
  id: PackId;
  domain: Domain;
  sizeBytes: number;
  /** 44 bytes, as stored. */
  header: Buffer;
}

const PREFIX_WORDS = 4;
const EMPTY = 0;

export class ChunkIndex {
  readonly #packs: IndexedPack[] = [];
  readonly #packIds = new Set<PackId>();
  readonly #prefixes = new GrowingUint32();
  readonly #chunkBlocks = new GrowingUint32();
  readonly #chunkOffsets = new GrowingUint32();
  readonly #blockPacks = new GrowingUint32();
  readonly #blockSegments = new GrowingUint32();
  readonly #blockOffsets = new GrowingUint32();
  readonly #blockStored = new GrowingUint32();
  readonly #blockContent = new GrowingUint32();
  /** Open addressing: chunk number + 1, or EMPTY. A power of two long, at most three quarters full. */
  #slots = new Uint32Array(1024);

  /** Chunks in the index. */
  get size(): number {
    return this.#chunkBlocks.length;
  }

  /** Id and stored size in bytes of every pack. */
  *packs(): Iterable<[PackId, number]> {
    for (const { id, sizeBytes } of this.#packs) yield [id, sizeBytes];
  }

  /** True when the chunks of this pack are known. */
  hasPack(id: PackId): boolean {
    return this.#packIds.has(id);
  }

  /** Adds every chunk of a pack. A pack that is there already, and a chunk that is elsewhere already, is passed over. */
  addPack(pack: PackDescription, domain: Domain): void {
    if (this.#packIds.has(pack.id)) return;
    this.#packIds.add(pack.id);
    const packNumber =
      this.#packs.push({ id: pack.id, domain, sizeBytes: pack.sizeBytes, header: Buffer.from(pack.header) }) -
      1;
    visitPackTable(pack.table, {
      block: (segment, offset, storedBytes, contentBytes) => {
        this.#blockPacks.push(packNumber);
        this.#blockSegments.push(segment);
        this.#blockOffsets.push(HEADER_BYTES + offset);
        this.#blockStored.push(storedBytes);
        this.#blockContent.push(contentBytes);
      },
      chunk: (bytes, at, offsetInBlock) => this.#addChunk(bytes, at, offsetInBlock),
    });
  }

  /** Where the chunk with `id` (32 bytes at `at`) is, or null. */
  find(id: Buffer, at = 0): ChunkPlace | null {
    const slot = this.#slots[this.#slotOf(id, at)]!;
    if (slot === EMPTY) return null;
    return { block: this.#chunkBlocks.get(slot - 1), offsetInBlock: this.#chunkOffsets.get(slot - 1) };
  }

  /** True when the chunk with `id` (32 bytes at `at`) is stored. */
  has(id: Buffer, at = 0): boolean {
    return this.#slots[this.#slotOf(id, at)] !== EMPTY;
  }

  /** Where block `number`, as `find` gave it, is. */
  blockPlace(number: number): BlockPlace {
    const pack = this.#packs[this.#blockPacks.get(number)];
    invariant(pack, 'a block belongs to a pack');
    return {
      pack,
      segment: this.#blockSegments.get(number),
      offset: this.#blockOffsets.get(number),
      storedBytes: this.#blockStored.get(number),
      contentBytes: this.#blockContent.get(number),
    };
  }

  #addChunk(bytes: Buffer, at: number, offsetInBlock: number): void {
    const slot = this.#slotOf(bytes, at);
    if (this.#slots[slot] !== EMPTY) return;
    for (let word = 0; word < PREFIX_WORDS; word++) this.#prefixes.push(bytes.readUInt32LE(at + word * 4));
    this.#chunkBlocks.push(this.#blockPacks.length - 1);
    this.#chunkOffsets.push(offsetInBlock);
    this.#slots[slot] = this.size;
    if (this.size * 4 > this.#slots.length * 3) this.#growSlots();
  }

  /** The slot that holds the id at `at`, or the empty one where it belongs. */
  #slotOf(id: Buffer, at: number): number {
    const mask = this.#slots.length - 1;
    let slot = id.readUInt32LE(at) & mask;
    while (this.#slots[slot] !== EMPTY && !this.#isAt(this.#slots[slot]! - 1, id, at))
      slot = (slot + 1) & mask;
    return slot;
  }

  #isAt(chunk: number, id: Buffer, at: number): boolean {
    const base = chunk * PREFIX_WORDS;
    for (let word = 0; word < PREFIX_WORDS; word++) {
      if (this.#prefixes.get(base + word) !== id.readUInt32LE(at + word * 4)) return false;
    }
    return true;
  }

  #growSlots(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let chunk = 0; chunk < this.size; chunk++) {
      let slot = this.#prefixes.get(chunk * PREFIX_WORDS) & mask;
      while (slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      slots[slot] = chunk + 1;
    }
    this.#slots = slots;
  }
}
