import { expect } from 'chai';
import { assertProved } from '../../../../src/cli/demo/proof.js';
import { IntegrityError } from '../../../../src/shared/errors.js';

describe('assertProved()', () => {
  const failureOf = (count: number) => {
    const problems = Array.from({ length: count }, (_, at) => `problem ${at + 1}`);
    try {
      assertProved('It is not what it was', problems);
    } catch (error) {
      return error as IntegrityError;
    }
    return null;
  };

  it('lets a proof without problems stand', () => {
    expect(failureOf(0)).to.equal(null);
  });

  it('fails with every problem of a few', () => {
    const failure = failureOf(2);
    expect(failure?.code).to.equal('DATA_CORRUPTED');
    expect(failure?.message)
      .to.include('2 differences')
      .and.to.include('problem 1')
      .and.to.include('problem 2');
  });

  it('shows 20 of many and says how many there are', () => {
    const failure = failureOf(25);
    expect(failure?.message)
      .to.include('problem 20')
      .and.to.include('and 5 more')
      .and.not.to.include('problem 21');
  });
});
