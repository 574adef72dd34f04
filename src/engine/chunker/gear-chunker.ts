/**
 * Content-defined chunking: FastCDC with normalised chunking over a keyed gear table (docs/format.md §6.2).
 * Cuts a byte stream so that an insertion moves only the chunks around it. Based on Xia et al., "FastCDC", USENIX
 * ATC 2016.
 *
 *     cut(bytes):                      bytes holds MAX bytes, or all that is left
 *       hash = 0
 *       for each byte after MIN:
 *         hash = (hash << 1) + gear[byte]
 *         end here when hash & (position < NORMAL ? STRICT : LOOSE) is 0
 *       end at MAX or at the end of the bytes
 */
import { createCipheriv } from 'node:crypto';
import { KiB } from '../../shared/bytes.js';

/** No chunk but the last of a stream is shorter. */
export const MIN_CHUNK_BYTES = 16 * KiB;
/** Chunks tend to this length. */
export const NORMAL_CHUNK_BYTES = 64 * KiB;
/** No chunk is longer. */
export const MAX_CHUNK_BYTES = 256 * KiB;

const STRICT_MASK = 0xffffc000 | 0;
const LOOSE_MASK = 0xfffc0000 | 0;

/** 256 words that nobody without the key can guess. */
export type GearTable = Int32Array;

/** The gear table of `key`, 32 bytes. */
export function createGearTable(key: Uint8Array): GearTable {
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(1024));
  return Int32Array.from({ length: 256 }, (_, byte) => stream.readInt32LE(byte * 4));
}

/**
 * Length of the chunk that begins at `start`.
 * `bytes` must hold MAX_CHUNK_BYTES from `start` on, or all that is left of the stream: then where chunks end does not
 * depend on how the stream was read.
 */
export function cutChunk(gear: GearTable, bytes: Uint8Array, start: number, end: number): number {
  const available = end - start;
  if (available <= MIN_CHUNK_BYTES) return available;
  const normalEnd = start + Math.min(available, NORMAL_CHUNK_BYTES);
  const maxEnd = start + Math.min(available, MAX_CHUNK_BYTES);
  let hash = 0;
  let at = start + MIN_CHUNK_BYTES;
  while (at < normalEnd) {
    hash = ((hash << 1) + gear[bytes[at++]!]!) | 0;
    if ((hash & STRICT_MASK) === 0) return at - start;
  }
  while (at < maxEnd) {
    hash = ((hash << 1) + gear[bytes[at++]!]!) | 0;
    if ((hash & LOOSE_MASK) === 0) return at - start;
  }
  return maxEnd - start;
}
