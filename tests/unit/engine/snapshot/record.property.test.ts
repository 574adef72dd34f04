import { expect } from 'chai';
import fc from 'fast-check';
import { decodeRecord, encodeRecord, type ManifestRecord } from '../../../../src/engine/snapshot/record.js';
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
});
