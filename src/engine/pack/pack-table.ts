/** The table of a pack's blocks and chunks, in packs and in index objects alike (docs/format.md §6). */
import { MiB } from '../../shared/bytes.js';
import { IntegrityError } from '../../shared/errors.js';
import { HASH_BYTES } from '../codec/ids.js';

/** Most plain bytes in one block. */
export const MAX_BLOCK_BYTES = MiB;

const BLOCK_FIELDS_BYTES = 12;
const CHUNK_FIELDS_BYTES = HASH_BYTES + 4;

/** One block: where its segment is in the pack, and its chunks in order. */
export interface BlockEntry {
  storedBytes: number;
  contentBytes: number;
  chunks: ChunkEntry[];
}

export interface ChunkEntry {
  /** 32 bytes. */
  id: Uint8Array;
  sizeBytes: number;
}

/** The bytes of a table, blocks and chunks in their order. */
/** Bytes of a table that one block of `chunkCount` chunks takes. */
export function tableEntryBytes(chunkCount: number): number {
  return BLOCK_FIELDS_BYTES + chunkCount * CHUNK_FIELDS_BYTES;
}

/** The plain table of `blocks`. */
export function encodePackTable(blocks: readonly BlockEntry[]): Buffer {
  const bytes = Buffer.allocUnsafeSlow(
    blocks.reduce((sum, block) => sum + tableEntryBytes(block.chunks.length), 4),
  );
  let at = bytes.writeUInt32LE(blocks.length, 0);
  for (const block of blocks) {
    at = bytes.writeUInt32LE(block.storedBytes, at);
    at = bytes.writeUInt32LE(block.contentBytes, at);
    at = bytes.writeUInt32LE(block.chunks.length, at);
  }
  for (const block of blocks) {
    for (const chunk of block.chunks) {
      bytes.set(chunk.id, at);
      at = bytes.writeUInt32LE(chunk.sizeBytes, at + HASH_BYTES);
    }
  }
  return bytes;
}

/** Receives a decoded table without making an object for each chunk. */
export interface PackTableVisitor {
  /** @param index from 0 @param offset of the block's segment, counted from the first block's */
  block(index: number, offset: number, storedBytes: number, contentBytes: number): void;
  /** A chunk of the block last visited. `bytes` at `at` holds its id; valid during the call only. */
  chunk(bytes: Buffer, at: number, offsetInBlock: number, sizeBytes: number): void;
}

/**
 * Visits every block and chunk of the table at the start of `bytes`.
 * @returns length of the table
 * @throws IntegrityError when the table contradicts itself
 */
export function visitPackTable(bytes: Buffer, visitor: PackTableVisitor): number {
  if (bytes.length < 4) throw damagedTable('is cut short');
  const blockCount = bytes.readUInt32LE(0);
  const chunksAt = 4 + blockCount * BLOCK_FIELDS_BYTES;
  if (chunksAt > bytes.length) throw damagedTable('is cut short');
  let chunkAt = chunksAt;
  let offset = 0;
  for (let index = 0; index < blockCount; index++) {
    const at = 4 + index * BLOCK_FIELDS_BYTES;
    const storedBytes = bytes.readUInt32LE(at);
    const contentBytes = bytes.readUInt32LE(at + 4);
    const chunkCount = bytes.readUInt32LE(at + 8);
    if (chunkAt + chunkCount * CHUNK_FIELDS_BYTES > bytes.length) throw damagedTable('is cut short');
    if (contentBytes > MAX_BLOCK_BYTES) throw damagedTable(`has a block of ${contentBytes} bytes`);
    visitor.block(index, offset, storedBytes, contentBytes);
    let offsetInBlock = 0;
    for (let chunk = 0; chunk < chunkCount; chunk++) {
      const sizeBytes = bytes.readUInt32LE(chunkAt + HASH_BYTES);
      visitor.chunk(bytes, chunkAt, offsetInBlock, sizeBytes);
      offsetInBlock += sizeBytes;
      chunkAt += CHUNK_FIELDS_BYTES;
    }
    if (offsetInBlock !== contentBytes) throw damagedTable('has a block whose chunks do not fill it');
    offset += storedBytes;
  }
  return chunkAt;
}

function damagedTable(what: string): IntegrityError {
  return new IntegrityError(`A pack's table ${what}`);
}
