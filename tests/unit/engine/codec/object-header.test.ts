import { expect } from 'chai';
import {
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  MAGIC,
  type ObjectKind,
} from '../../../../src/engine/codec/object-header.js';
import { IntegrityError } from '../../../../src/shared/errors.js';

const salt = Buffer.from(Array.from({ length: 32 }, (_, at) => at));

describe('object header', () => {
  it('has the bytes that docs/format.md gives', () => {
    const bytes = encodeHeader({ kind: 'pack', domain: 'sealed', epoch: 0x01020304, salt });
    expect(bytes.toString('hex')).to.equal(`5456504b01010000${'04030201'}${salt.toString('hex')}`);
  });

  for (const kind of Object.keys(MAGIC) as ObjectKind[]) {
    it(`reads what it wrote for a ${kind}`, () => {
      const header = { kind, domain: 'plain' as const, epoch: 7, salt };
      expect(decodeHeader(kind, encodeHeader(header))).to.deep.equal(header);
    });
  }

  const damages: [what: string, change: (bytes: Buffer) => unknown][] = [
    ['another kind', (bytes) => bytes.write('TVIX', 0, 'latin1')],
    ['another version', (bytes) => bytes.writeUInt8(2, 4)],
    ['an unknown protection', (bytes) => bytes.writeUInt8(2, 5)],
    ['something in the reserved bytes', (bytes) => bytes.writeUInt8(1, 7)],
  ];
  for (const [what, change] of damages) {
    it(`refuses ${what}`, () => {
      const bytes = encodeHeader({ kind: 'pack', domain: 'sealed', epoch: 1, salt });
      change(bytes);
      expect(() => decodeHeader('pack', bytes)).to.throw(IntegrityError);
    });
  }

  it('refuses a byte too few', () => {
    const bytes = encodeHeader({ kind: 'pack', domain: 'sealed', epoch: 1, salt });
    expect(() => decodeHeader('pack', bytes.subarray(0, HEADER_BYTES - 1))).to.throw(IntegrityError);
  });
});
