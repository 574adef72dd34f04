import { expect } from 'chai';
import { idOf, idOfPieces, isId, parseId } from '../../../../src/engine/codec/ids.js';
import { IntegrityError } from '../../../../src/shared/errors.js';

describe('ids', () => {
  it('names bytes by their SHA-256, in one piece or several', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(idOf(Buffer.from('abc'))).to.equal(abc);
    expect(idOfPieces([Buffer.from('a'), Buffer.from(''), Buffer.from('bc')])).to.equal(abc);
  });

  for (const text of [
    '',
    'ab',
    'A'.repeat(64),
    'g'.repeat(64),
    `${'a'.repeat(64)}\n`,
    '../'.padEnd(64, 'a'),
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(isId(text)).to.equal(false);
      expect(() => parseId(text)).to.throw(IntegrityError);
    });
  }

  it('takes 64 lower-case hex digits', () => {
    expect(parseId('0f'.repeat(32))).to.equal('0f'.repeat(32));
  });
});
