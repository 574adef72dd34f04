import { expect } from 'chai';
import { arrangeRoots, parentsOf } from '../../../src/sources/root.js';

function labels(...names: string[]): string[] {
  return arrangeRoots(names.map((label) => ({ label, path: `/till/${label}` }))).map(({ label }) => label);
}

describe('arrangeRoots()', () => {
  it('sorts in manifest order, a folder right before its content', () => {
    expect(labels('etc.d', 'a', 'etc/pos')).to.deep.equal(['a', 'etc/pos', 'etc.d']);
  });

  it('drops roots inside other roots and doubles', () => {
    expect(labels('etc/pos', 'etc', 'etc', 'etcetera')).to.deep.equal(['etc', 'etcetera']);
  });

  for (const label of ['', '/etc', '..', 'a/../b', 'a//b', './a']) {
    it(`refuses label "${label}"`, () => {
      expect(() => labels(label))
        .to.throw()
        .with.property('code', 'BAD_USER_INPUT');
    });
  }
});

describe('parentsOf()', () => {
  it('gives the folders above, outermost first', () => {
    expect(parentsOf({ label: 'etc/pos/a', path: '/till/etc/pos/a' })).to.deep.equal([
      { label: 'etc', path: '/till/etc' },
      { label: 'etc/pos', path: '/till/etc/pos' },
    ]);
  });
});
