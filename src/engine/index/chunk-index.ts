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
  /** Condemned, or named by no index object: chunks are taken from it only when no other pack has them. */
  isSecondary: boolean;
  /** Was seen in the storage with its size: its chunks may be relied upon, unless it is secondary. */
  isSeen: boolean;
}

const PREFIX_WORDS = 4;
const EMPTY = 0;

/** How a pack is added. */
export interface AddPackOptions {
  isSecondary?: boolean;
  damaged?: ReadonlySet<number> | undefined;
}

export class ChunkIndex {
  readonly #packs: IndexedPack[] = [];
  readonly #packNumbers = new Map<PackId, number>();
  /** Packs whose chunks may not be relied upon. */
  #unreliable = 0;
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

  /** Chunks in the index. Each has a number below this. */
  get size(): number {
    return this.#chunkBlocks.length;
  }

  /** Blocks in the index. Each has a number below this. */
  get blockCount(): number {
    return this.#blockPacks.length;
  }

  /** Packs in the index. Each has a number below this. */
  get packCount(): number {
    return this.#packs.length;
  }

  /** Id and stored size in bytes of every pack. */
  *packs(): Iterable<[PackId, number]> {
    for (const { id, sizeBytes } of this.#packs) yield [id, sizeBytes];
  }

  /** True when the chunks of this pack are known. */
  hasPack(id: PackId): boolean {
    return this.#packNumbers.has(id);
  }

  /** The pack with this number. */
  packAt(number: number): IndexedPack {
    const pack = this.#packs[number];
    invariant(pack, 'packs are numbered from 0');
    return pack;
  }

  /** Number of a pack, or null. */
  packNumber(id: PackId): number | null {
    return this.#packNumbers.get(id) ?? null;
  }

  /** A pack is what its index object says: its chunks may be relied upon, unless it is secondary. */
  setSeen(id: PackId): void {
    const pack = this.#packs[this.#packNumbers.get(id) ?? -1];
    if (!pack || pack.isSeen) return;
    pack.isSeen = true;
    if (!pack.isSecondary) this.#unreliable--;
  }

  /** A pack that no index object named is named by one now. */
  setPrimary(id: PackId): void {
    const pack = this.#packs[this.#packNumbers.get(id) ?? -1];
    if (!pack?.isSecondary) return;
    pack.isSecondary = false;
    if (pack.isSeen) this.#unreliable--;
  }

  /** What is known of a pack, or null. */
  describePack(id: PackId): IndexedPack | null {
    return this.#packs[this.#packNumbers.get(id) ?? -1] ?? null;
  }

  /** The blocks of a pack. Goes through all blocks: for the rare pack that is damaged. */
  *blocksOf(id: PackId): Iterable<BlockPlace> {
    const pack = this.#packNumbers.get(id);
    for (let block = 0; block < this.#blockPacks.length; block++) {
      if (this.#blockPacks.get(block) === pack) yield this.blockPlace(block);
    }
  }

  /**
   * Adds every chunk of a pack. A pack that is there already is passed over, and so is a chunk that is elsewhere, unless
   * that is in a secondary pack and this one is not: the chunk then gets a new number, and the old one is found no more.
   * @param options.damaged numbers of blocks whose chunks are left out: they are as good as not stored
   */
  addPack(
    pack: PackDescription,
    domain: Domain,
    { isSecondary = false, damaged }: AddPackOptions = {},
  ): void {
    if (this.#packNumbers.has(pack.id)) return;
    const { id, sizeBytes } = pack;
    const header = Buffer.from(pack.header);
    const packNumber = this.#packs.push({ id, domain, sizeBytes, header, isSecondary, isSeen: false }) - 1;
    this.#packNumbers.set(id, packNumber);
    this.#unreliable++;
    let isDamaged = false;
    visitPackTable(pack.table, {
      block: (segment, offset, storedBytes, contentBytes) => {
        isDamaged = damaged?.has(segment) ?? false;
        this.#blockPacks.push(packNumber);
        this.#blockSegments.push(segment);
        this.#blockOffsets.push(HEADER_BYTES + offset);
        this.#blockStored.push(storedBytes);
        this.#blockContent.push(contentBytes);
      },
      chunk: (bytes, at, offsetInBlock) => {
        if (!isDamaged) this.#addChunk(bytes, at, offsetInBlock, isSecondary);
      },
    });
  }

  /** Where the chunk with `id` (32 bytes at `at`) is, or null. */
  find(id: Buffer, at = 0): ChunkPlace | null {
    const slot = this.#slots[this.#slotOf(id, at)]!;
    if (slot === EMPTY) return null;
    return { block: this.#chunkBlocks.get(slot - 1), offsetInBlock: this.#chunkOffsets.get(slot - 1) };
  }

  /** Number of the chunk with `id` (32 bytes at `at`), or null. */
  numberOf(id: Buffer, at = 0): number | null {
    const slot = this.#slots[this.#slotOf(id, at)]!;
    return slot === EMPTY ? null : slot - 1;
  }

  /** Number of the block that holds chunk `number`. */
  blockOf(number: number): number {
    return this.#chunkBlocks.get(number);
  }

  /** Number of the pack that holds block `number`. */
  packOf(block: number): number {
    return this.#blockPacks.get(block);
  }

  /** True when the chunk with `id` (32 bytes at `at`) is stored and may be relied upon instead of being stored again. */
  has(id: Buffer, at = 0): boolean {
    const slot = this.#slots[this.#slotOf(id, at)]!;
    if (slot === EMPTY) return false;
    return this.#unreliable === 0 || this.#isReliable(slot - 1);
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

  #packOfChunk(chunk: number): IndexedPack {
    return this.#packs[this.#blockPacks.get(this.#chunkBlocks.get(chunk))]!;
  }

  #isReliable(chunk: number): boolean {
    const { isSeen, isSecondary } = this.#packOfChunk(chunk);
    return isSeen && !isSecondary;
  }

  #addChunk(bytes: Buffer, at: number, offsetInBlock: number, isSecondary: boolean): void {
    const slot = this.#slotOf(bytes, at);
    const there = this.#slots[slot]!;
    if (there !== EMPTY && (isSecondary || !this.#packOfChunk(there - 1).isSecondary)) return;
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
    for (const old of this.#slots) {
      if (old === EMPTY) continue; // chunks that got a new number are in no slot
      let slot = this.#prefixes.get((old - 1) * PREFIX_WORDS) & mask;
      while (slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      slots[slot] = old;
    }
    this.#slots = slots;
  }
}
