/** Reads the table of a stored pack, so that the index can be rebuilt without any index object (docs/format.md §6). */
import { MiB } from '../../shared/bytes.js';
import { IntegrityError } from '../../shared/errors.js';
import type { PackId } from '../codec/ids.js';
import type { KeyRing } from '../codec/key-ring.js';
import { type Domain, decodeHeader, HEADER_BYTES } from '../codec/object-header.js';
import { decodeContent, openSegment, SEGMENT_OVERHEAD_BYTES, TABLE_SEGMENT } from '../codec/segment.js';

const FOOTER_BYTES = 4;
const MAX_TABLE_BYTES = 48 * MiB;

/** What an index needs to know of one pack. */
export interface PackDescription {
  id: PackId;
  sizeBytes: number;
  /** 44 bytes, as stored. */
  header: Buffer;
  /** The plain table. */
  table: Buffer;
}

/** Gives `length` bytes of the pack at `offset`. */
export type ReadRange = (offset: number, length: number) => Promise<Buffer>;

/**
 * Reads and authenticates the table at the end of a pack.
 * @throws IntegrityError when it is damaged
 */
export async function readPackTable(
  keys: KeyRing,
  id: PackId,
  sizeBytes: number,
  read: ReadRange,
): Promise<{ pack: PackDescription; domain: Domain }> {
  if (sizeBytes < HEADER_BYTES + FOOTER_BYTES) throw damaged(id, `has ${sizeBytes} bytes`);
  const header = await read(0, HEADER_BYTES);
  const fields = decodeHeader('pack', header);
  const context = keys.openObject(fields, header);
  const footer = await read(sizeBytes - FOOTER_BYTES, FOOTER_BYTES);
  if (footer.length < FOOTER_BYTES) throw damaged(id, 'is cut short');
  const tableBytes = footer.readUInt32LE(0);
  const tableAt = sizeBytes - FOOTER_BYTES - tableBytes;
  if (tableAt < HEADER_BYTES || tableBytes > MAX_TABLE_BYTES + SEGMENT_OVERHEAD_BYTES)
    throw damaged(id, `claims a table of ${tableBytes} bytes`);
  const opened = openSegment(context, TABLE_SEGMENT, await read(tableAt, tableBytes));
  if (!opened) throw damaged(id, 'has a damaged table');
  const table = await decodeContent(opened, MAX_TABLE_BYTES);
  return { pack: { id, sizeBytes, header, table }, domain: fields.domain };
}

function damaged(id: PackId, what: string): IntegrityError {
  return new IntegrityError(`Pack ${id} ${what}`, { details: { pack: id } });
}
