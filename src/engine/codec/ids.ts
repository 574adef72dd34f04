/** Names of stored things: lower-case hex of 32 bytes, so that a plain string never identifies one. */
import { createHash, hash } from 'node:crypto';
import { IntegrityError } from '../../shared/errors.js';

declare const brand: unique symbol;
type Id<Name> = string & { readonly [brand]: Name };

/** Names a pack. */
export type PackId = Id<'pack'>;
/** Names an index object. */
export type IndexId = Id<'index'>;
/** Names a snapshot. */
export type SnapshotId = Id<'snapshot'>;
/** Names a key object. */
export type KeyId = Id<'key'>;
/** Names a repository: 32 random bytes. */
export type RepositoryId = Id<'repository'>;

/** Names a lease: id of its instance, `x`, random hex digits. */
export type LeaseName = Id<'lease'>;

/** Any of the ids above that are hex digits. */
export type ObjectId = PackId | IndexId | SnapshotId | KeyId | RepositoryId;

/** Bytes of a chunk id, a SHA-256 and a key. */
export const HASH_BYTES = 32;

const HEX_ID = /^[0-9a-f]{64}$/;

/**
 * Takes `text` as an id.
 * @throws IntegrityError when it is not 64 lower-case hex digits
 */
export function parseId<T extends ObjectId>(text: string): T {
  if (!HEX_ID.test(text))
    throw new IntegrityError(`Object id is "${text}", expected 64 lower-case hex digits`);
  return text as T;
}

/** True when `text` has the form of an id. */
export function isId(text: string): boolean {
  return HEX_ID.test(text);
}

/** The id of an object: SHA-256 of its stored bytes. */
export function idOf<T extends ObjectId>(stored: Uint8Array): T {
  return hash('sha256', stored, 'hex') as T;
}

/** As `idOf`, of the pieces side by side. */
export function idOfPieces<T extends ObjectId>(pieces: readonly Uint8Array[]): T {
  const sum = createHash('sha256');
  for (const piece of pieces) sum.update(piece);
  return sum.digest('hex') as T;
}
