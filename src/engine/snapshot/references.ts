/** Lists of chunk references as bytes: 32 of the id and 4 of the length for each chunk (docs/format.md §8). */
import { IntegrityError } from '../../shared/errors.js';
import { HASH_BYTES } from '../codec/ids.js';

/** Bytes of one reference. */
export const REFERENCE_BYTES = HASH_BYTES + 4;

/** A content record holds at most this many references. */
export const MAX_REFERENCES = 1024;

/** References to chunks, REFERENCE_BYTES each, in the order of the content. */
export type References = Buffer;

/** Number of chunks that `references` names. */
export function countReferences(references: References): number {
  return references.length / REFERENCE_BYTES;
}

/** Length of the chunk that reference `number` names. */
export function referencedBytes(references: References, number: number): number {
  return references.readUInt32LE(number * REFERENCE_BYTES + HASH_BYTES);
}

/** Sum of the lengths that `references` names. */
export function sumReferences(references: References): number {
  let sum = 0;
  for (let number = 0; number < countReferences(references); number++)
    sum += referencedBytes(references, number);
  return sum;
}

/** One reference. */
export function encodeReference(id: Uint8Array, sizeBytes: number): References {
  const bytes = Buffer.allocUnsafe(REFERENCE_BYTES);
  bytes.set(id);
  bytes.writeUInt32LE(sizeBytes, HASH_BYTES);
  return bytes;
}

/**
 * Takes stored bytes as references.
 * @throws IntegrityError when they are cut short
 */
export function parseReferences(bytes: Uint8Array): References {
  if (bytes.length % REFERENCE_BYTES !== 0)
    throw new IntegrityError(
      `References of ${bytes.length} bytes, expected a multiple of ${REFERENCE_BYTES}`,
    );
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
