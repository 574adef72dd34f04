/** Lays out one pack in memory: header, sealed blocks, sealed table, length of the table (docs/format.md §6). */
import { MiB } from '../../shared/bytes.js';
import { invariant } from '../../shared/errors.js';
import { idOfPieces, type PackId } from '../codec/ids.js';
import type { KeyRing, RandomBytes } from '../codec/key-ring.js';
import { type Domain, HEADER_BYTES } from '../codec/object-header.js';
import {
  type Encoded,
  encodeRaw,
  SEGMENT_OVERHEAD_BYTES,
  type SegmentContext,
  sealSegment,
  sealToBuffer,
  TABLE_SEGMENT,
} from '../codec/segment.js';
import {
  type BlockEntry,
  type ChunkEntry,
  encodePackTable,
  MAX_BLOCK_BYTES,
  tableEntryBytes,
} from './pack-table.js';

/** A pack is closed when it has reached this size, with its table: that of many tiny chunks outweighs their blocks. */
export const PACK_TARGET_BYTES = 16 * MiB;

/** Memory that a builder needs for blocks: the target, and the block that passes it. */
export const PACK_BUFFER_BYTES = PACK_TARGET_BYTES + MAX_BLOCK_BYTES + SEGMENT_OVERHEAD_BYTES + HEADER_BYTES;

/** A finished pack. */
export interface BuiltPack {
  id: PackId;
  header: Buffer;
  /** Stored bytes, in pieces; the first one is a view of the builder's buffer. */
  pieces: Uint8Array[];
  sizeBytes: number;
  /** The plain table, for the index. */
  table: Buffer;
}

/** Builds one pack in `buffer`, which it owns until the built pack has been stored. Single-use. */
export class PackBuilder {
  /** The memory given to the constructor. */
  readonly buffer: Buffer;
  readonly #header: Buffer;
  readonly #context: SegmentContext;
  readonly #blocks: BlockEntry[] = [];
  #size = HEADER_BYTES;
  #tableBytes = 0;

  /** @param buffer at least PACK_BUFFER_BYTES long */
  constructor(keys: KeyRing, domain: Domain, random: RandomBytes, buffer: Buffer) {
    invariant(buffer.length >= PACK_BUFFER_BYTES, 'a pack buffer is long enough');
    const { header, context } = keys.createObject('pack', domain, random);
    this.#header = header;
    this.#context = context;
    this.buffer = buffer;
    buffer.set(header);
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  get isFull(): boolean {
    return this.#size + this.#tableBytes >= PACK_TARGET_BYTES;
  }

  /**
   * Seals a block behind the others.
   * @returns its stored size in bytes
   */
  addBlock(encoded: Encoded, chunks: ChunkEntry[]): number {
    invariant(!this.isFull, 'a full pack takes no block');
    const storedBytes = sealSegment(this.#context, this.#blocks.length, encoded, this.buffer, this.#size);
    this.#blocks.push({ storedBytes, contentBytes: encoded.contentBytes, chunks });
    this.#tableBytes += tableEntryBytes(chunks.length);
    this.#size += storedBytes;
    return storedBytes;
  }

  /** Seals the table. No call may follow. */
  build(): BuiltPack {
    const table = encodePackTable(this.#blocks);
    const sealedTable = sealToBuffer(this.#context, TABLE_SEGMENT, encodeRaw(table));
    const footer = Buffer.alloc(4);
    footer.writeUInt32LE(sealedTable.length);
    const tail = Buffer.concat([sealedTable, footer]);
    const body = this.buffer.subarray(0, this.#size);
    return {
      id: idOfPieces([body, tail]),
      header: this.#header,
      pieces: [body, tail],
      sizeBytes: body.length + tail.length,
      table,
    };
  }
}
