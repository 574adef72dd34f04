/** Records of a manifest and their bytes (docs/format.md §8). */
import { IntegrityError } from '../../shared/errors.js';
import { HASH_BYTES } from '../codec/ids.js';
import type { FileIdentity } from '../source.js';
import { CborReader, CborWriter, roomFor } from './record-cbor.js';
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
/** Items of the longest record, a file's: the record, its kind, five of metadata, four of identity, content, three of its end. */
const MAX_ITEMS = 15;
const MAX_MODE = 0o7777;
const MAX_RECORD_BYTES = 128 * 1024;

/** Length (4 bytes) and CBOR of `record`. */
export function encodeRecord(record: ManifestRecord): Buffer {
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + roomFor(MAX_ITEMS, payloadBytes(record)));
  const writer = new CborWriter(bytes, LENGTH_BYTES);
  writeRecord(writer, record);
  bytes.writeUInt32LE(writer.end - LENGTH_BYTES);
  return bytes.subarray(0, writer.end);
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
  return { record: readRecord(new CborReader(bytes.subarray(LENGTH_BYTES, length))), length };
}

function payloadBytes(record: ManifestRecord): number {
  const path = record.kind === 'content' ? 0 : record.path.length;
  if (record.kind === 'directory') return path;
  return path + (record.kind === 'symlink' ? record.target.length : record.content.length + HASH_BYTES);
}

/** Numbers of the kinds, and how many items a record of each has. */
const KINDS = {
  directory: { number: 1, items: 6 },
  symlink: { number: 2, items: 7 },
  file: { number: 3, items: 9 },
  content: { number: 4, items: 3 },
} as const;

function writeRecord(writer: CborWriter, record: ManifestRecord): void {
  const { number, items } = KINDS[record.kind];
  writer.array(items);
  writer.unsigned(number);
  if (record.kind !== 'content') writeMetadata(writer, record);
  if (record.kind === 'symlink') writer.bytes(record.target);
  if (record.kind === 'file') writeIdentity(writer, record.identity);
  if (record.kind === 'file' || record.kind === 'content') {
    writer.bytes(record.content);
    writeEnd(writer, record.end);
  }
}

function writeMetadata(writer: CborWriter, entry: EntryMetadata): void {
  writer.bytes(entry.path);
  writer.unsigned(entry.mode);
  writer.integer(entry.mtimeNs);
  writer.unsigned(entry.uid);
  writer.unsigned(entry.gid);
}

function writeIdentity(writer: CborWriter, identity: FileIdentity | null): void {
  if (!identity) writer.null();
  else {
    writer.array(3);
    writer.integer(identity.device);
    writer.integer(identity.inode);
    writer.integer(identity.ctimeNs);
  }
}

function writeEnd(writer: CborWriter, end: FileEnd | null): void {
  if (!end) writer.null();
  else {
    writer.array(2);
    writer.unsigned(end.sizeBytes);
    writer.bytes(end.checksum);
  }
}

/** Byte strings of the record are views of what is read. */
function readRecord(reader: CborReader): ManifestRecord {
  const items = reader.array();
  const number = reader.unsigned(Number.MAX_SAFE_INTEGER);
  const record = readKind(reader, number);
  if (record === null || items !== KINDS[record.kind].items) throw malformed();
  reader.end();
  return record;
}

function readKind(reader: CborReader, number: number): ManifestRecord | null {
  switch (number) {
    case KINDS.directory.number:
      return { kind: 'directory', ...readMetadata(reader) };
    case KINDS.symlink.number:
      return { kind: 'symlink', ...readMetadata(reader), target: reader.bytes() };
    case KINDS.file.number: {
      const metadata = readMetadata(reader);
      const identity = readIdentity(reader);
      return { kind: 'file', ...metadata, identity, content: readContent(reader), end: readEnd(reader) };
    }
    case KINDS.content.number:
      return { kind: 'content', content: readContent(reader), end: readEnd(reader) };
    default:
      return null;
  }
}

function readMetadata(reader: CborReader): EntryMetadata {
  const path = reader.bytes();
  const mode = reader.unsigned(MAX_MODE);
  const mtimeNs = reader.integer();
  const uid = reader.unsigned(Number.MAX_SAFE_INTEGER);
  return { path, mode, mtimeNs, uid, gid: reader.unsigned(Number.MAX_SAFE_INTEGER) };
}

function readIdentity(reader: CborReader): FileIdentity | null {
  if (reader.isNull()) return null;
  if (reader.array() !== 3) throw malformed();
  const device = reader.integer();
  const inode = reader.integer();
  return { device, inode, ctimeNs: reader.integer() };
}

function readContent(reader: CborReader): References {
  const bytes = reader.bytes();
  if (bytes.length > MAX_REFERENCES * REFERENCE_BYTES) throw malformed();
  return parseReferences(bytes);
}

function readEnd(reader: CborReader): FileEnd | null {
  if (reader.isNull()) return null;
  if (reader.array() !== 2) throw malformed();
  const sizeBytes = reader.unsigned(Number.MAX_SAFE_INTEGER);
  const checksum = reader.bytes();
  if (checksum.length !== HASH_BYTES) throw malformed();
  return { sizeBytes, checksum };
}

function malformed(): IntegrityError {
  return new IntegrityError('Manifest record is malformed');
}
