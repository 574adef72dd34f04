import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { forEachConcurrently } from '../../../src/shared/for-each-concurrently.js';

describe('forEachConcurrently()', () => {
  async function* count(to: number) {
    for (let number = 1; number <= to; number++) yield number;
  }

  it('does every item once, and no more than the limit at a time', async () => {
    const done: number[] = [];
    let running = 0;
    let most = 0;
    await forEachConcurrently(count(50), 4, async (number) => {
      most = Math.max(most, ++running);
      await nextTurn();
      running--;
      done.push(number);
    });
    expect(done.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 50 }, (_, at) => at + 1));
    expect(most).to.equal(4);
  });

  it('begins nothing after a failure, and throws it when nothing runs any more', async () => {
    let begun = 0;
    let running = 0;
    const failing = forEachConcurrently(count(50), 4, async (number) => {
      begun++;
      running++;
      await nextTurn();
      running--;
      if (number === 2) throw new Error('second');
    });
    const error = await failing.catch((thrown: Error) => thrown);
    expect(error).to.have.property('message', 'second');
    expect(running).to.equal(0);
    expect(begun).to.be.lessThan(12);
  });

  it('throws what the listing throws', async () => {
    async function* broken() {
      yield 1;
      throw new Error('listing');
    }
    const error = await forEachConcurrently(broken(), 4, async () => {}).catch((thrown: Error) => thrown);
    expect(error).to.have.property('message', 'listing');
  });
});
