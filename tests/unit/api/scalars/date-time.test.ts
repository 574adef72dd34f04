import { expect } from 'chai';
import { Kind } from 'graphql';
import { DateTime } from '../../../../src/api/scalars/date-time.js';

describe('DateTime', () => {
  const good = {
    '2026-01-31T09:30:00Z': '2026-01-31T09:30:00.000Z',
    '2026-01-31t09:30:00.5z': '2026-01-31T09:30:00.500Z',
    '2026-01-31T09:30:00.123456+02:00': '2026-01-31T07:30:00.123Z',
    '2024-02-29T23:59:59-11:30': '2024-03-01T11:29:59.000Z',
  };
  for (const [text, instant] of Object.entries(good)) {
    it(`reads ${text}`, () => {
      expect(DateTime.parseValue(text).toISOString()).to.equal(instant);
      expect(DateTime.parseLiteral({ kind: Kind.STRING, value: text }, {}).toISOString()).to.equal(instant);
    });
  }

  const bad = [
    '',
    'today',
    '2026-01-31',
    '2026-01-31T09:30:00',
    '2026-02-29T00:00:00Z',
    '2026-01-31T25:00:00Z',
    0,
    null,
    {},
    true,
  ];
  for (const value of bad) {
    it(`refuses ${JSON.stringify(value)}`, () => {
      expect(() => DateTime.parseValue(value)).to.throw('RFC 3339');
    });
  }

  it('refuses a literal that is no text', () => {
    expect(() => DateTime.parseLiteral({ kind: Kind.INT, value: '0' }, {})).to.throw('RFC 3339');
  });

  it('answers in UTC and refuses what is no Date', () => {
    expect(DateTime.serialize(new Date(0))).to.equal('1970-01-01T00:00:00.000Z');
    expect(() => DateTime.serialize('1970-01-01T00:00:00.000Z')).to.throw('Date');
  });
});
