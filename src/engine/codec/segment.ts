/**
 * Segments: the sealed form of everything that is stored (docs/format.md §5.2). A segment is bound to its object,
 * its number, its kind and its repository; nothing can be moved, swapped or shortened unseen.
 */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { asBuffer } from '../../shared/bytes.js';
import { IntegrityError, invariant } from '../../shared/errors.js';
import type { Domain } from './object-header.js';

const ENVELOPE_BYTES = 5;
const TAG_BYTES = 16;

/** Bytes that a segment is longer than its encoded content. */
export const SEGMENT_OVERHEAD_BYTES = ENVELOPE_BYTES + TAG_BYTES;

/** Number of a pack's table. */
export const TABLE_SEGMENT = 0xffffffff;

/** How content is encoded, by the number that is stored. */
export const CODECS = ['none', 'zstd'] as const;
export type Codec = (typeof CODECS)[number];

/** Content as it goes into a segment. */
export interface Encoded {
  codec: Codec;
  /** Length of the content when decoded. */
  contentBytes: number;
  /** The encoded content, in pieces. */
  pieces: readonly Uint8Array[];
}

/** What a segment's key and associated data are made from. */
export interface SegmentContext {
  domain: Domain;
  /** 32 bytes, of this object only. */
  key: Uint8Array;
  /** Header of the object `‖` repositoryId. */
  binding: Uint8Array;
}

/** `bytes` as they are, not compressed. */
export function encodeRaw(bytes: Uint8Array): Encoded {
  return { codec: 'none', contentBytes: bytes.length, pieces: [bytes] };
}

/**
 * Seals `encoded` as segment `number` into `out` at `offset`.
 * A number must be used once per object.
 * @returns bytes written: the encoded length plus SEGMENT_OVERHEAD_BYTES
 */
export function sealSegment(
  context: SegmentContext,
  number: number,
  encoded: Encoded,
  out: Buffer,
  offset = 0,
): number {
  const envelope = Buffer.alloc(ENVELOPE_BYTES);
  envelope[0] = CODECS.indexOf(encoded.codec);
  envelope.writeUInt32LE(encoded.contentBytes, 1);
  const sealer = context.domain === 'sealed' ? gcmSealer(context, number) : hmacSealer(context, number);
  let at = offset;
  for (const piece of [envelope, ...encoded.pieces]) {
    const sealed = sealer.update(piece);
    out.set(sealed, at);
    at += sealed.length;
  }
  out.set(sealer.tag(), at);
  return at + TAG_BYTES - offset;
}

/** `encoded` sealed as segment `number` in a buffer of its own. */
export function sealToBuffer(context: SegmentContext, number: number, encoded: Encoded): Buffer {
  const length = encoded.pieces.reduce((sum, piece) => sum + piece.length, SEGMENT_OVERHEAD_BYTES);
  const out = Buffer.allocUnsafeSlow(length);
  sealSegment(context, number, encoded, out);
  return out;
}

/** Content of an opened segment, still encoded. */
export interface OpenedSegment {
  codec: Codec;
  contentBytes: number;
  payload: Buffer;
}

/**
 * Authenticates and decrypts segment `number`.
 * @returns null when it is not what the holder of the key sealed under that number in that object
 */
export function openSegment(
  context: SegmentContext,
  number: number,
  segment: Uint8Array,
): OpenedSegment | null {
  if (segment.length < SEGMENT_OVERHEAD_BYTES) return null;
  const body = segment.subarray(0, segment.length - TAG_BYTES);
  const tag = segment.subarray(segment.length - TAG_BYTES);
  const envelope =
    context.domain === 'sealed' ? gcmOpen(context, number, body, tag) : hmacOpen(context, number, body, tag);
  const codec = envelope ? CODECS[envelope[0]!] : undefined;
  if (!envelope || codec === undefined) return null;
  return { codec, contentBytes: envelope.readUInt32LE(1), payload: envelope.subarray(ENVELOPE_BYTES) };
}

/**
 * Decodes what a segment held, in the thread pool.
 * @throws IntegrityError when the content has not the length that it claims
 */
export async function decodeContent(opened: OpenedSegment, maxBytes: number): Promise<Buffer> {
  if (opened.contentBytes > maxBytes) {
    throw new IntegrityError(
      `Segment claims ${opened.contentBytes} bytes of content, expected at most ${maxBytes}`,
    );
  }
  const content = opened.codec === 'none' ? opened.payload : await inflate(opened);
  if (content.length !== opened.contentBytes) {
    throw new IntegrityError(
      `Segment holds ${content.length} bytes of content, expected ${opened.contentBytes}`,
    );
  }
  return content;
}

const decompress = promisify(zstdDecompress);
/** The least that zlib takes as the size of its output buffer. */
const MIN_OUTPUT_BYTES = 64;

async function inflate(opened: OpenedSegment): Promise<Buffer> {
  try {
    return await decompress(opened.payload, {
      maxOutputLength: Math.max(1, opened.contentBytes),
      chunkSize: Math.max(MIN_OUTPUT_BYTES, opened.contentBytes), // one buffer, no concatenation
    });
  } catch (cause) {
    throw new IntegrityError(`Segment does not decompress to ${opened.contentBytes} bytes`, { cause });
  }
}

function numberBytes(number: number, length: number): Buffer {
  invariant(
    Number.isInteger(number) && number >= 0 && number <= TABLE_SEGMENT,
    'a segment number has 32 bits',
  );
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(number, 0);
  return bytes;
}

function associatedData(context: SegmentContext, number: number): Buffer {
  return Buffer.concat([context.binding, numberBytes(number, 4)]);
}

function gcmSealer(context: SegmentContext, number: number) {
  const cipher = createCipheriv('aes-256-gcm', context.key, numberBytes(number, 12));
  cipher.setAAD(associatedData(context, number));
  return {
    update: (piece: Uint8Array): Uint8Array => cipher.update(piece),
    tag: (): Uint8Array => {
      cipher.final();
      return cipher.getAuthTag();
    },
  };
}

function hmacSealer(context: SegmentContext, number: number) {
  const mac = createHmac('sha256', context.key).update(associatedData(context, number));
  return {
    update: (piece: Uint8Array): Uint8Array => {
      mac.update(piece);
      return piece;
    },
    tag: (): Uint8Array => mac.digest().subarray(0, TAG_BYTES),
  };
}

function gcmOpen(context: SegmentContext, number: number, body: Uint8Array, tag: Uint8Array): Buffer | null {
  const decipher = createDecipheriv('aes-256-gcm', context.key, numberBytes(number, 12), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(associatedData(context, number)).setAuthTag(tag);
  const plain = decipher.update(body);
  try {
    decipher.final();
  } catch {
    return null; // GCM's only failure here: the tag does not match
  }
  return plain;
}

function hmacOpen(context: SegmentContext, number: number, body: Uint8Array, tag: Uint8Array): Buffer | null {
  const mac = createHmac('sha256', context.key).update(associatedData(context, number)).update(body);
  return timingSafeEqual(mac.digest().subarray(0, TAG_BYTES), tag) ? asBuffer(body) : null;
}
