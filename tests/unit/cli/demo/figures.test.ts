import { expect } from 'chai';
import {
  alignTable,
  formatBytes,
  formatCount,
  formatRate,
  formatSeconds,
} from '../../../../src/cli/demo/figures.js';

describe('figures', () => {
  it('shows bytes with a decimal unit that suits them', () => {
    expect([0, 999, 1500, 999_949, 83_210_000].map(formatBytes)).to.deep.equal([
      '0 B',
      '999 B',
      '1.5 kB',
      '999.9 kB',
      '83.2 MB',
    ]);
  });

  it('shows counts, times and rates', () => {
    expect(formatCount(300_000)).to.equal('300,000');
    expect(formatSeconds(3141)).to.equal('3.14 s');
    expect(formatRate(50_000_000, 2000)).to.equal('25.0 MB/s');
    expect(formatRate(0, 0)).to.equal('0.0 MB/s');
  });

  it('aligns the first column to the left and the others to the right', () => {
    const table = [
      ['a', '1', '10'],
      ['long', '200'],
    ];
    expect(alignTable(table)).to.deep.equal(['a        1   10', 'long   200']);
  });
});
