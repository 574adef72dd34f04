import { expect } from 'chai';
import { parseBearerToken } from '../../../../src/server/auth/bearer-token.js';

describe('parseBearerToken()', () => {
  for (const text of ['Bearer a.b-c_d', 'bearer a.b-c_d', 'BEARER   a.b-c_d ']) {
    it(`reads ${JSON.stringify(text)}`, () => {
      expect(parseBearerToken(text)).to.equal('a.b-c_d');
    });
  }

  for (const value of [
    undefined,
    null,
    '',
    'a.b.c',
    'Bearer',
    'Bearer ',
    'Basic a.b.c',
    'Bearer a b',
    'Bearer a\r\nb',
    7,
    ['Bearer a'],
    {},
  ]) {
    it(`refuses ${JSON.stringify(value) ?? 'nothing'}`, () => {
      expect(() => parseBearerToken(value))
        .to.throw()
        .with.property('code', 'UNAUTHENTICATED');
    });
  }
});
