import { expect } from 'chai';
import { Kind } from 'graphql';
import { ByteCount } from '../../../../src/api/scalars/byte-count.js';

describe('ByteCount', () => {
  for (const value of [0, 1, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
    it(`carries ${value} both ways`, () => {
      expect(ByteCount.serialize(value)).to.equal(value);
      expect(ByteCount.serialize(BigInt(value))).to.equal(value);
      expect(ByteCount.parseValue(value)).to.equal(value);
      expect(ByteCount.parseLiteral({ kind: Kind.INT, value: String(value) }, {})).to.equal(value);
    });
  }

  for (const value of [-1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '1', null, {}]) {
    it(`refuses ${String(value)} both ways`, () => {
      expect(() => ByteCount.serialize(value)).to.throw('ByteCount');
      expect(() => ByteCount.parseValue(value)).to.throw('ByteCount');
    });
  }

  it('refuses a literal that is no whole number', () => {
    expect(() => ByteCount.parseLiteral({ kind: Kind.FLOAT, value: '1.5' }, {})).to.throw('ByteCount');
    expect(() => ByteCount.parseLiteral({ kind: Kind.INT, value: '9007199254740992' }, {})).to.throw(
      'ByteCount',
    );
  });
});
