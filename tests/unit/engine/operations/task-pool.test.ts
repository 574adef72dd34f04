import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Pacer } from '../../../../src/engine/operations/pacer.js';
import { TaskPool } from '../../../../src/engine/operations/task-pool.js';
import { expectCode } from '../../../support/engine-till.js';
import { FixedClock } from '../../../support/fixed-clock.js';

describe('TaskPool', () => {
  it('runs as many tasks as allowed, and all of them', async () => {
    const pool = new TaskPool(3);
    let running = 0;
    let most = 0;
    let done = 0;
    for (let at = 0; at < 20; at++) {
      await pool.add(async () => {
        most = Math.max(most, ++running);
        await wait(1);
        running--;
        done++;
      });
    }
    await pool.settle();
    expect({ most, done }).to.deep.equal({ most: 3, done: 20 });
  });

  it('begins nothing after a failure, waits for what runs, and throws the first failure', async () => {
    const pool = new TaskPool(2);
    let ended = false;
    await pool.add(async () => {
      await wait(5);
      ended = true;
    });
    await pool.add(async () => Promise.reject(new Error('first')));
    await wait(1);
    const messages: string[] = [];
    await pool.add(async () => expect.fail('began')).catch((error: Error) => messages.push(error.message));
    await pool.settle().catch((error: Error) => messages.push(error.message));
    expect(messages).to.deep.equal(['first', 'first']);
    expect(ended).to.equal(true);
  });
});

describe('Pacer', () => {
  it('gives way only when the thread was busy for a while', async () => {
    const clock = new FixedClock();
    const pacer = new Pacer(clock);
    let turns = 0;
    setImmediate(() => turns++);
    await pacer.pause();
    expect(turns).to.equal(0);
    clock.advance(20);
    await pacer.pause();
    expect(turns).to.equal(1);
  });

  it('ends at once when cancelled', async () => {
    await expectCode(new Pacer(new FixedClock(), AbortSignal.abort()).pause(), 'CANCELLED');
  });
});
