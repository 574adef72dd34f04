/** Chunk ids: a keyed hash of the plain bytes (docs/format.md §6.1). */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** Gives the id, 32 bytes, of a chunk. */
export type ChunkIdOf = (chunk: Uint8Array) => Buffer;

/** HMAC-SHA-256 under `key`. */
export function createChunkIdOf(key: Uint8Array): ChunkIdOf {
  const keyObject: KeyObject = createSecretKey(key);
  return (chunk) => createHmac('sha256', keyObject).update(chunk).digest();
}
