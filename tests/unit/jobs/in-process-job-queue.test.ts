import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { InProcessJobQueue } from '../../../src/jobs/in-process-job-queue.js';
import { AppError } from '../../../src/shared/errors.js';
import { logContext, withLogContext } from '../../../src/shared/log-context.js';
import { workUntil } from '../../support/fake-engine.js';

describe('InProcessJobQueue', () => {
  let queue: InProcessJobQueue;
  let failures: [unknown, string][];
  let log: string[];

  beforeEach(() => {
    failures = [];
    log = [];
    queue = new InProcessJobQueue({ onFailure: (error, id) => failures.push([error, id]) });
  });
  afterEach(() => queue.drain(0));

  /** Adds a job that logs its beginning and end, and runs until it is opened or aborted. */
  function add(id: string, { stubborn = false } = {}) {
    const gate = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<AbortSignal>();
    queue.enqueue({
      id,
      run: async (signal) => {
        log.push(`${id} begins`);
        await workUntil(gate.promise, stubborn ? undefined : signal).catch(() => log.push(`${id} aborted`));
        log.push(`${id} ends`);
        ended.resolve(signal);
      },
    });
    return { open: gate.resolve, ended: ended.promise };
  }

  it('runs each job with the ids of the request that asked for it', async () => {
    const seen: unknown[] = [];
    const run = async () => void seen.push(logContext());
    const first = add('first');
    withLogContext({ requestId: 'r1' }, () => queue.enqueue({ id: 'a', run }));
    withLogContext({ requestId: 'r2' }, () => queue.enqueue({ id: 'b', run }));
    queue.enqueue({ id: 'c', run });
    expect(queue.load).to.deep.equal({ running: 1, waiting: 3 });
    first.open();
    while (seen.length < 3) await delay(1);
    expect(seen).to.deep.equal([
      { requestId: 'r1', operationId: 'a' },
      { requestId: 'r2', operationId: 'b' },
      { operationId: 'c' },
    ]);
  });

  it('runs jobs one at a time, in the order they came', async () => {
    const jobs = ['a', 'b', 'c'].map((id) => add(id));
    for (const { open } of jobs.toReversed()) open();
    await Promise.all(jobs.map(({ ended }) => ended));
    expect(log).to.deep.equal(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('begins a job only after enqueue() has returned', () => {
    add('a');
    expect(log).to.deep.equal([]);
  });

  it('reports a job that rejects and goes on with the next', async () => {
    const bug = new Error('bug');
    queue.enqueue({ id: 'a', run: () => Promise.reject(bug) });
    const next = add('b');
    next.open();
    await next.ended;
    expect(failures).to.deep.equal([[bug, 'a']]);
  });

  describe('cancel()', () => {
    it('removes a job that waits', async () => {
      const first = add('a');
      add('b');
      expect(await queue.cancel('b', new Error('enough'))).to.equal('removed');
      first.open();
      await first.ended;
      await delay(5);
      expect(log).to.deep.equal(['a begins', 'a ends']);
    });

    it('aborts a job that runs with the reason, and waits for its end', async () => {
      const job = add('a');
      await delay(1);
      const reason = new Error('enough');
      expect(await queue.cancel('a', reason)).to.equal('ended');
      expect(log).to.deep.equal(['a begins', 'a aborted', 'a ends']);
      expect((await job.ended).reason).to.equal(reason);
    });

    it('does not know other jobs', async () => {
      expect(await queue.cancel('x', new Error('enough'))).to.equal('unknown');
    });
  });

  describe('drain()', () => {
    it('refuses new work from then on', async () => {
      await queue.drain(0);
      expect(() => add('a'))
        .to.throw(AppError)
        .with.property('code', 'SERVICE_UNAVAILABLE');
    });

    it('lets a running job end within the grace time, and no other begin', async () => {
      const job = add('a');
      add('b');
      await delay(1);
      setTimeout(job.open, 20);
      await queue.drain(5_000);
      expect(log).to.deep.equal(['a begins', 'a ends']);
    });

    it('aborts a job that takes longer, with INTERRUPTED', async () => {
      const job = add('a');
      await delay(1);
      await queue.drain(10);
      expect(log).to.deep.equal(['a begins', 'a aborted', 'a ends']);
      expect((await job.ended).reason).to.have.property('code', 'INTERRUPTED');
    });

    it('waits for a job that does not stop at once', async () => {
      const job = add('a', { stubborn: true });
      await delay(1);
      setTimeout(job.open, 50);
      await queue.drain(1);
      expect(log).to.deep.equal(['a begins', 'a ends']);
    });

    it('leaves no timer behind', async () => {
      const job = add('a');
      await delay(1);
      job.open();
      const startedAt = performance.now();
      await Promise.all([queue.drain(60_000), queue.drain(60_000)]);
      expect(performance.now() - startedAt).to.be.lessThan(1_000);
    });
  });
});
