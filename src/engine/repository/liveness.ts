/**
 * Which chunks are needed, as one bit for each chunk of an index, and how much of each pack that is.
 *
 * A chunk that several packs hold is alive in the one that the index finds it in; the others are dead weight. Chunks that
 * are added to the index later are in packs that are not judged here.
 */
import type { PackId } from '../codec/ids.js';
import type { Domain } from '../codec/object-header.js';
import type { ChunkIndex, IndexedPack } from '../index/chunk-index.js';
import {
  countReferences,
  REFERENCE_BYTES,
  type References,
  referencedBytes,
} from '../snapshot/references.js';

/** What of a pack is needed. Sizes in bytes. */
export interface PackLife {
  id: PackId;
  domain: Domain;
  sizeBytes: number;
  /** Share of `sizeBytes` that no snapshot needs; all of it, or less. */
  deadBytes: number;
  isDead: boolean;
  /** Holds manifests. */
  isManifest: boolean;
  isSecondary: boolean;
}

export class Liveness {
  /** What is marked is what this index finds. */
  readonly index: ChunkIndex;
  readonly #chunkCount: number;
  readonly #packCount: number;
  readonly #chunks: Uint8Array;
  /** Content bytes that are needed, of each block. */
  readonly #blocks: Uint32Array;
  /** One bit for each block with manifests. */
  readonly #manifests: Uint8Array;

  constructor(index: ChunkIndex) {
    this.index = index;
    this.#chunkCount = index.size;
    this.#packCount = index.packCount;
    this.#chunks = new Uint8Array(Math.ceil(index.size / 8));
    this.#blocks = new Uint32Array(index.blockCount);
    this.#manifests = new Uint8Array(Math.ceil(index.blockCount / 8));
  }

  /**
   * Marks every chunk that `references` names.
   * @returns how many of them are nowhere
   */
  mark(references: References, kind: 'data' | 'manifest'): number {
    let missing = 0;
    for (let at = 0; at < countReferences(references); at++) {
      const chunk = this.index.numberOf(references, at * REFERENCE_BYTES);
      if (chunk === null) missing++;
      else if (chunk < this.#chunkCount && !hasBit(this.#chunks, chunk)) {
        setBit(this.#chunks, chunk);
        const block = this.index.blockOf(chunk);
        this.#blocks[block]! += referencedBytes(references, at);
        if (kind === 'manifest') setBit(this.#manifests, block);
      }
    }
    return missing;
  }

  /** True when the chunk with `id` (32 bytes at `at`) is needed, and found in this pack. */
  isLiveIn(pack: number, id: Buffer, at: number): boolean {
    const chunk = this.index.numberOf(id, at);
    return (
      chunk !== null &&
      chunk < this.#chunkCount &&
      hasBit(this.#chunks, chunk) &&
      this.index.packOf(this.index.blockOf(chunk)) === pack
    );
  }

  /** What of every pack is needed, for the packs that were in the index from the beginning. */
  packs(): PackLife[] {
    const stored = new Float64Array(this.#packCount);
    const live = new Float64Array(this.#packCount);
    const manifests = new Uint8Array(this.#packCount);
    for (const [block, liveBytes] of this.#blocks.entries()) {
      const pack = this.index.packOf(block);
      const { storedBytes, contentBytes } = this.index.blockPlace(block);
      stored[pack]! += storedBytes;
      if (liveBytes > 0) live[pack]! += storedBytes * (liveBytes / contentBytes);
      if (hasBit(this.#manifests, block)) manifests[pack] = 1;
    }
    return Array.from({ length: this.#packCount }, (_, number) => {
      const pack: IndexedPack = this.index.packAt(number);
      const liveShare = stored[number]! > 0 ? live[number]! / stored[number]! : 0;
      return {
        id: pack.id,
        domain: pack.domain,
        sizeBytes: pack.sizeBytes,
        deadBytes: Math.round(pack.sizeBytes * Math.max(0, 1 - liveShare)),
        isDead: liveShare === 0,
        isManifest: manifests[number] === 1,
        isSecondary: pack.isSecondary,
      };
    });
  }
}

function hasBit(bits: Uint8Array, number: number): boolean {
  return (bits[number >>> 3]! & (1 << (number & 7))) !== 0;
}

function setBit(bits: Uint8Array, number: number): void {
  bits[number >>> 3]! |= 1 << (number & 7);
}
