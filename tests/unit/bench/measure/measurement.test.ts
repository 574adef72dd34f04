import { expect } from 'chai';
import { median, percentile } from '../../../bench/measure/measurement.js';

describe('median()', () => {
  it('takes the middle, or the mean of the middle two', () => {
    expect(median([9, 1, 2])).to.equal(2);
    expect(median([9, 1, 2, 4])).to.equal(3);
    expect(median([])).to.be.NaN;
  });
});

describe('percentile()', () => {
  it('takes a value that the share does not exceed', () => {
    const values = Array.from({ length: 100 }, (_, at) => 100 - at);
    expect(percentile(values, 0.5)).to.equal(50);
    expect(percentile(values, 0.99)).to.equal(99);
    expect(percentile([7], 0.99)).to.equal(7);
    expect(percentile([], 0.5)).to.be.NaN;
  });
});
