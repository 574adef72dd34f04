import { encode } from 'cborg';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodeRecord,
  encodeRecord,
  type FileEnd,
  type ManifestRecord,
} from '../../../../src/engine/snapshot/record.js';
import { AppError } from '../../../../src/shared/errors.js';
import { scaled } from '../../../support/scale.js';

const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
const signed64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const unsigned64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const metadata = {
  path: bytes(1, 300),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  mtimeNs: fc.oneof(signed64, fc.constantFrom(0n, -1n, 1_700_000_000_000_000_000n)),
  uid: fc.nat(0xffffffff),
  gid: fc.nat(0xffffffff),
};
const content = fc.nat(3).chain((count) => bytes(count * 36, count * 36));
const end = fc.option(fc.record({ sizeBytes: fc.maxSafeNat(), checksum: bytes(32, 32) }));
const identity = fc.option(fc.record({ device: unsigned64, inode: unsigned64, ctimeNs: signed64 }));

const record: fc.Arbitrary<ManifestRecord> = fc.oneof(
  fc.record({ kind: fc.constant('directory' as const), ...metadata }),
  fc.record({ kind: fc.constant('symlink' as const), ...metadata, target: bytes(0, 300) }),
  fc.record({ kind: fc.constant('file' as const), ...metadata, identity, content, end }),
  fc.record({ kind: fc.constant('content' as const), content, end }),
);

describe('manifest record', () => {
  it('decodes to what was encoded', () => {
    fc.assert(
      fc.property(record, (written) => {
        const stored = encodeRecord(written);
        const read = decodeRecord(Buffer.concat([stored, Buffer.from('next')]))!;
        expect(read.length).to.equal(stored.length);
        expect({ ...read.record }).to.deep.equal({ ...written });
      }),
      { numRuns: scaled(300, 10_000) },
    );
  });

  it('is not decoded before all of it is there', () => {
    fc.assert(
      fc.property(record, fc.nat(), (written, cut) => {
        const stored = encodeRecord(written);
        expect(decodeRecord(stored.subarray(0, cut % stored.length))).to.equal(null);
      }),
      { numRuns: scaled(100, 2000) },
    );
  });

  it('is written as a general encoder writes it', () => {
    fc.assert(
      fc.property(record, (written) => {
        expect(encodeRecord(written).subarray(4)).to.deep.equal(Buffer.from(encode(toArray(written))));
      }),
      { numRuns: scaled(300, 10_000) },
    );
  });

  it('is refused, or is written again byte by byte, whatever was changed in it', () => {
    const change = fc.record({ at: fc.nat(), to: fc.nat(255), cut: fc.nat(3) });
    fc.assert(
      fc.property(record, fc.array(change, { maxLength: 3 }), (written, changes) => {
        let stored = encodeRecord(written);
        for (const { at, to, cut } of changes) {
          stored[4 + (at % (stored.length - 4))] = to;
          stored = stored.subarray(0, Math.max(5, stored.length - cut));
        }
        stored.writeUInt32LE(stored.length - 4);
        const read = decodeUnlessRefused(stored);
        if (read) expect(encodeRecord(read)).to.deep.equal(stored);
      }),
      { numRuns: scaled(1000, 100_000) },
    );
  });
});

function decodeUnlessRefused(stored: Buffer): ManifestRecord | null {
  try {
    return decodeRecord(stored)!.record;
  } catch (error) {
    if (error instanceof AppError && error.code === 'DATA_CORRUPTED') return null;
    throw error;
  }
}

/** The array of docs/format.md §8. */
function toArray(written: ManifestRecord): unknown[] {
  const last = (end: FileEnd | null) => end && [end.sizeBytes, end.checksum];
  if (written.kind === 'content') return [4, written.content, last(written.end)];
  const { path, mode, mtimeNs, uid, gid } = written;
  const head = [path, mode, mtimeNs, uid, gid];
  if (written.kind === 'directory') return [1, ...head];
  if (written.kind === 'symlink') return [2, ...head, written.target];
  const { identity } = written;
  const id = identity && [identity.device, identity.inode, identity.ctimeNs];
  return [3, ...head, id, written.content, last(written.end)];
}
