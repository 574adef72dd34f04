/** Index objects: the tables of many packs in one object (docs/format.md §7). */
import { MiB } from '../../shared/bytes.js';
import { IntegrityError } from '../../shared/errors.js';
import { HASH_BYTES, type PackId } from '../codec/ids.js';
import type { KeyRing, RandomBytes } from '../codec/key-ring.js';
import { type Domain, decodeHeader, HEADER_BYTES } from '../codec/object-header.js';
import { decodeContent, openSegment, sealToBuffer } from '../codec/segment.js';
import type { PackDescription } from '../pack/pack-reader.js';
import { visitPackTable } from '../pack/pack-table.js';

/** An index object describes at most this many packs, about 2 GiB. */
export const MAX_INDEXED_PACKS = 128;

const FIELDS_BYTES = HASH_BYTES + 4 + HEADER_BYTES;
const MAX_INDEX_BYTES = 1024 * MiB;

/** Stored bytes of an index object over `packs`, all of `domain`. */
export function sealIndexObject(
  keys: KeyRing,
  domain: Domain,
  random: RandomBytes,
  packs: readonly PackDescription[],
): Buffer {
  const { header, context } = keys.createObject('index', domain, random);
  const pieces = packs.flatMap((pack) => {
    const fields = Buffer.alloc(FIELDS_BYTES);
    fields.write(pack.id, 0, 'hex');
    fields.writeUInt32LE(pack.sizeBytes, HASH_BYTES);
    fields.set(pack.header, HASH_BYTES + 4);
    return [fields, pack.table];
  });
  const contentBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return Buffer.concat([header, sealToBuffer(context, 0, { codec: 'none', contentBytes, pieces })]);
}

/**
 * Packs that a stored index object describes. The tables are views of one buffer.
 * @throws IntegrityError when it is damaged
 */
export async function openIndexObject(
  keys: KeyRing,
  stored: Buffer,
): Promise<{ domain: Domain; packs: PackDescription[] }> {
  const header = decodeHeader('index', stored);
  const context = keys.openObject(header, stored.subarray(0, HEADER_BYTES));
  const opened = openSegment(context, 0, stored.subarray(HEADER_BYTES));
  if (!opened) throw new IntegrityError('An index object is damaged');
  return { domain: header.domain, packs: splitPacks(await decodeContent(opened, MAX_INDEX_BYTES)) };
}

function splitPacks(content: Buffer): PackDescription[] {
  const packs: PackDescription[] = [];
  let at = 0;
  while (at < content.length) {
    if (content.length - at < FIELDS_BYTES) throw new IntegrityError('An index object is cut short');
    const tableAt = at + FIELDS_BYTES;
    const tableBytes = visitPackTable(content.subarray(tableAt), nothing);
    packs.push({
      id: content.toString('hex', at, at + HASH_BYTES) as PackId,
      sizeBytes: content.readUInt32LE(at + HASH_BYTES),
      header: content.subarray(at + HASH_BYTES + 4, tableAt),
      table: content.subarray(tableAt, tableAt + tableBytes),
    });
    at = tableAt + tableBytes;
  }
  return packs;
}

const nothing = { block: () => {}, chunk: () => {} };
