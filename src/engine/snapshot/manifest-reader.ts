/**
 * Reads manifests, and refuses what no writer of ours would have written (docs/format.md §8): the gate that keeps a
 * hostile path out of every target.
 */
import { IntegrityError } from '../../shared/errors.js';
import { ManifestRules } from './manifest-rules.js';
import { decodeRecord, type ManifestRecord } from './record.js';

/**
 * Records of a manifest, whose bytes arrive in pieces of any size. Holds one piece and one record.
 * @throws IntegrityError when a record is malformed, out of order, or has a path that leaves the component
 */
export async function* readRecords(pieces: AsyncIterable<Buffer>): AsyncGenerator<ManifestRecord> {
  const rules = new ManifestRules();
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    for (let found = decodeRecord(rest); found; found = decodeRecord(rest)) {
      rules.check(found.record);
      yield found.record;
      rest = rest.subarray(found.length);
    }
  }
  if (rest.length > 0) throw new IntegrityError('The manifest is cut short');
  rules.checkEnd();
}
