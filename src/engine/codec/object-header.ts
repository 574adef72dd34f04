/** The first 44 bytes of everything that is sealed (docs/format.md §5.1). */
import { IntegrityError, invariant } from '../../shared/errors.js';

/** Bytes of a header. */
export const HEADER_BYTES = 44;
/** Bytes of its salt. */
export const SALT_BYTES = 32;
const FORMAT_VERSION = 1;

/** What each kind of object begins with. */
export const MAGIC = {
  pack: 'TVPK',
  index: 'TVIX',
  snapshot: 'TVSN',
  key: 'TVKY',
  lease: 'TVLS',
  fence: 'TVFN',
  generation: 'TVGN',
  void: 'TVVD',
} as const;
export type ObjectKind = keyof typeof MAGIC;

/** Chunks are never shared between the two. */
export const DOMAINS = ['plain', 'sealed'] as const;
export type Domain = (typeof DOMAINS)[number];

export interface ObjectHeader {
  kind: ObjectKind;
  domain: Domain;
  epoch: number;
  /** 32 bytes, fresh for each attempt to write an object. */
  salt: Uint8Array;
}

/** 44 bytes. */
export function encodeHeader(header: ObjectHeader): Buffer {
  invariant(header.salt.length === SALT_BYTES, 'a salt has 32 bytes');
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write(MAGIC[header.kind], 0, 'latin1');
  bytes[4] = FORMAT_VERSION;
  bytes[5] = DOMAINS.indexOf(header.domain);
  bytes.writeUInt32LE(header.epoch, 8);
  bytes.set(header.salt, 12);
  return bytes;
}

/**
 * Reads the header at the start of `bytes`.
 * @throws IntegrityError when it is not a header of `kind` in a version that this program reads
 */
export function decodeHeader(kind: ObjectKind, bytes: Buffer): ObjectHeader {
  if (bytes.length < HEADER_BYTES) {
    throw new IntegrityError(
      `The ${kind} object has ${bytes.length} bytes, expected at least ${HEADER_BYTES}`,
    );
  }
  const magic = bytes.toString('latin1', 0, 4);
  if (magic !== MAGIC[kind])
    throw new IntegrityError(`The ${kind} object does not begin with ${MAGIC[kind]}`);
  if (bytes[4] !== FORMAT_VERSION) {
    throw new IntegrityError(`The ${kind} object has format version ${bytes[4]}, expected ${FORMAT_VERSION}`);
  }
  const domain = DOMAINS[bytes[5]!];
  if (domain === undefined || bytes.readUInt16LE(6) !== 0) {
    throw new IntegrityError(`The header of the ${kind} object is damaged`);
  }
  return { kind, domain, epoch: bytes.readUInt32LE(8), salt: bytes.subarray(12, HEADER_BYTES) };
}
