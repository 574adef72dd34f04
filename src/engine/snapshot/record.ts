/** Records of a manifest and their bytes (docs/format.md §8). */
import { decode, encode } from 'cborg';
import { z } from 'zod';
import { asBuffer } from '../../shared/bytes.js';
import { IntegrityError } from '../../shared/errors.js';
import { HASH_BYTES } from '../codec/ids.js';
import type { FileIdentity } from '../source.js';
import { MAX_REFERENCES, parseReferences, REFERENCE_BYTES, type References } from './references.js';

/** Metadata that every entry has. */
export interface EntryMetadata {
  path: Buffer;
  mode: number;
  mtimeNs: bigint;
  uid: number;
  gid: number;
}

/** The end of a file's content. */
export interface FileEnd {
  sizeBytes: number;
  /** SHA-256 of the whole file. */
  checksum: Buffer;
}

/** One record; a file of many chunks has its file record and then content records. */
export type ManifestRecord =
  | ({ kind: 'directory' } & EntryMetadata)
  | ({ kind: 'symlink'; target: Buffer } & EntryMetadata)
  | ({
      kind: 'file';
      identity: FileIdentity | null;
      content: References;
      end: FileEnd | null;
    } & EntryMetadata)
  | { kind: 'content'; content: References; end: FileEnd | null };

const LENGTH_BYTES = 4;
const MAX_RECORD_BYTES = 128 * 1024;

/** Length (4 bytes) and CBOR of `record`. */
export function encodeRecord(record: ManifestRecord): Buffer {
  const body = encode(toArray(record));
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + body.length);
  bytes.writeUInt32LE(body.length);
  bytes.set(body, LENGTH_BYTES);
  return bytes;
}

/**
 * Reads the record at the start of `bytes`.
 * @returns null when `bytes` ends before the record does
 * @throws IntegrityError when it is not a record
 */
export function decodeRecord(bytes: Buffer): { record: ManifestRecord; length: number } | null {
  if (bytes.length < LENGTH_BYTES) return null;
  const bodyBytes = bytes.readUInt32LE(0);
  if (bodyBytes > MAX_RECORD_BYTES)
    throw new IntegrityError(`Manifest record of ${bodyBytes} bytes, expected at most ${MAX_RECORD_BYTES}`);
  const length = LENGTH_BYTES + bodyBytes;
  if (bytes.length < length) return null;
  return { record: fromArray(decodeCbor(bytes.subarray(LENGTH_BYTES, length))), length };
}

type MetadataFields = [path: Buffer, mode: number, mtimeNs: bigint, uid: number, gid: number];

function metadataFields(entry: EntryMetadata): MetadataFields {
  return [entry.path, entry.mode, entry.mtimeNs, entry.uid, entry.gid];
}

function toArray(record: ManifestRecord): unknown[] {
  switch (record.kind) {
    case 'directory':
      return [1, ...metadataFields(record)];
    case 'symlink':
      return [2, ...metadataFields(record), record.target];
    case 'file':
      return [
        3,
        ...metadataFields(record),
        identityFields(record.identity),
        record.content,
        endFields(record.end),
      ];
    case 'content':
      return [4, record.content, endFields(record.end)];
  }
}

function identityFields(identity: FileIdentity | null): bigint[] | null {
  return identity && [identity.device, identity.inode, identity.ctimeNs];
}

function endFields(end: FileEnd | null): unknown[] | null {
  return end && [end.sizeBytes, end.checksum];
}

const byteString = z.instanceof(Uint8Array).transform(asBuffer);
const integer = z.union([z.number().int(), z.bigint()]);
const bigInteger = integer.transform(BigInt);
const ownerId = z.number().int().nonnegative();
const metadata = [byteString, z.number().int().min(0).max(0o7777), bigInteger, ownerId, ownerId] as const;
const references = byteString
  .refine((bytes) => bytes.length % REFERENCE_BYTES === 0 && bytes.length <= MAX_REFERENCES * REFERENCE_BYTES)
  .transform(parseReferences);
const identityField = z.tuple([bigInteger, bigInteger, bigInteger]).nullable();
const endField = z
  .tuple([z.number().int().nonnegative(), byteString.refine((bytes) => bytes.length === HASH_BYTES)])
  .nullable();

const recordArray = z.union([
  z.tuple([z.literal(1), ...metadata]),
  z.tuple([z.literal(2), ...metadata, byteString]),
  z.tuple([z.literal(3), ...metadata, identityField, references, endField]),
  z.tuple([z.literal(4), references, endField]),
]);

function decodeCbor(bytes: Buffer): z.infer<typeof recordArray> {
  try {
    return recordArray.parse(decode(bytes));
  } catch (cause) {
    throw new IntegrityError('Manifest record is malformed', { cause });
  }
}

function fromArray(array: z.infer<typeof recordArray>): ManifestRecord {
  switch (array[0]) {
    case 1:
      return { kind: 'directory', ...metadataOf(array[1], array[2], array[3], array[4], array[5]) };
    case 2:
      return {
        kind: 'symlink',
        ...metadataOf(array[1], array[2], array[3], array[4], array[5]),
        target: array[6],
      };
    case 3:
      return {
        kind: 'file',
        ...metadataOf(array[1], array[2], array[3], array[4], array[5]),
        identity: array[6] && { device: array[6][0], inode: array[6][1], ctimeNs: array[6][2] },
        content: array[7],
        end: toEnd(array[8]),
      };
    case 4:
      return { kind: 'content', content: array[1], end: toEnd(array[2]) };
  }
}

function metadataOf(...[path, mode, mtimeNs, uid, gid]: MetadataFields): EntryMetadata {
  return { path, mode, mtimeNs, uid, gid };
}

function toEnd(end: [number, Buffer] | null): FileEnd | null {
  return end && { sizeBytes: end[0], checksum: end[1] };
}
