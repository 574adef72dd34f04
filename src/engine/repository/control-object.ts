/**
 * Control objects: leases, fences, generations and voids (docs/format.md §10). Small CBOR maps, sealed, each naming the
 * key that it is stored under, so that none can be taken for another.
 */
import { decode, encode } from 'cborg';
import { z } from 'zod';
import { asBuffer, MiB } from '../../shared/bytes.js';
import { IntegrityError } from '../../shared/errors.js';
import { HASH_BYTES } from '../codec/ids.js';
import type { KeyRing, RandomBytes } from '../codec/key-ring.js';
import { decodeHeader, HEADER_BYTES } from '../codec/object-header.js';
import { decodeContent, encodeRaw, openSegment, sealToBuffer } from '../codec/segment.js';

const MAX_CONTROL_BYTES = 64 * MiB;

const head = { version: z.literal(1), key: z.string() };
const count = z.number().int().nonnegative();
const idList = z
  .instanceof(Uint8Array)
  .transform(asBuffer)
  .refine((bytes) => bytes.length % HASH_BYTES === 0);

const CONTENT = {
  lease: z.strictObject({
    ...head,
    kind: z.enum(['writer', 'reader', 'pruner']),
    generation: count,
    beat: count,
    snapshot: z.string().nullable(),
  }),
  fence: z.strictObject({ ...head, snapshot: z.string().nullable() }),
  generation: z.strictObject({ ...head, packs: idList, indexes: idList }),
  void: z.strictObject({ ...head, lease: z.string() }),
};

/** Kinds of control objects. */
export type ControlKind = keyof typeof CONTENT;
/** What a control object says, but for its version and key. */
export type ControlContent<K extends ControlKind> = Omit<z.infer<(typeof CONTENT)[K]>, 'version' | 'key'>;

/** What control objects are sealed with. */
export interface ControlDeps {
  keys: KeyRing;
  random: RandomBytes;
}

/** Stored bytes of a control object that belongs under `key`. */
export function sealControl<K extends ControlKind>(
  { keys, random }: ControlDeps,
  kind: K,
  key: string,
  content: ControlContent<K>,
): Buffer {
  const { header, context } = keys.createObject(kind, 'sealed', random);
  const bytes = encode({ version: 1, key, ...content });
  return Buffer.concat([header, sealToBuffer(context, 0, encodeRaw(bytes))]);
}

/**
 * What the control object stored under `key` says.
 * @throws IntegrityError when it is damaged, of another kind, or of another key
 */
export async function openControl<K extends ControlKind>(
  keys: KeyRing,
  kind: K,
  key: string,
  stored: Buffer,
): Promise<ControlContent<K>> {
  const header = decodeHeader(kind, stored);
  const context = keys.openObject(header, stored.subarray(0, HEADER_BYTES));
  const opened = header.domain === 'sealed' && openSegment(context, 0, stored.subarray(HEADER_BYTES));
  if (!opened) throw new IntegrityError(`Object "${key}" is damaged`, { details: { object: key } });
  const content = parse(kind, key, await decodeContent(opened, MAX_CONTROL_BYTES));
  if (content.key !== key)
    throw new IntegrityError(`Object "${key}" was stored as "${content.key}"`, { details: { object: key } });
  return content as unknown as ControlContent<K>;
}

function parse(kind: ControlKind, key: string, bytes: Buffer): { key: string } {
  try {
    return CONTENT[kind].parse(decode(bytes));
  } catch (cause) {
    throw new IntegrityError(`Object "${key}" is malformed`, { cause, details: { object: key } });
  }
}

/** True when the stored bytes begin as an object of `kind` does; whether they are one, only the key can tell. */
export function looksLikeVoid(stored: Uint8Array): boolean {
  return asBuffer(stored.subarray(0, 4)).toString('latin1') === 'TVVD';
}
