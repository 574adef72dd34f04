import { expect } from 'chai';
import { CronCalendar } from '../../../src/jobs/cron-calendar.js';
import { RecurringTasks } from '../../../src/services/recurring-tasks.js';
import { FixedClock } from '../../support/fixed-clock.js';
import { withTemporaryMetadata } from '../../support/temporary-metadata.js';

const AT = new Date('2026-03-01T04:30:00Z');
const DUE = { at: AT, lateMs: 0 };

describe('RecurringTasks', () => {
  /** Runs `work` with tasks over a stored metadata, of which there is one. */
  function withTask(
    run: (signal: AbortSignal) => Promise<void>,
    work: (tasks: RecurringTasks, again: () => RecurringTasks, failures: unknown[]) => Promise<void>,
    cron = '30 4 * * *',
  ): Promise<void> {
    return withTemporaryMetadata(async ({ recurringTasks }) => {
      const clock = new FixedClock('2026-03-01T00:00:00Z');
      const failures: unknown[] = [];
      const onFailure = (error: unknown): void => {
        failures.push(error);
      };
      const task = { name: 'cleanup', setting: 'CLEANUP_CRON', cron, timeZone: 'UTC', run };
      const deps = { recurringTasks, calendar: new CronCalendar(), clock, onFailure };
      const open = () => new RecurringTasks([task], deps);
      await work(open(), open, failures);
    });
  }

  it('counts a task that is new from now on, and remembers how far it has come', () =>
    withTask(
      async () => {},
      async (tasks, again) => {
        const [fresh] = await tasks.list();
        expect(fresh?.dealtWithAt).to.deep.equal(new Date('2026-03-01T00:00:00Z'));
        await tasks.begin('cleanup', DUE);
        await tasks.close();
        const [known] = await again().list();
        expect(known?.dealtWithAt).to.deep.equal(AT);
      },
    ));

  it('leaves out a time while the task still runs', async () => {
    let count = 0;
    const gate = Promise.withResolvers<void>();
    const run = (): Promise<void> => {
      count += 1;
      return gate.promise;
    };
    await withTask(run, async (tasks) => {
      await tasks.begin('cleanup', DUE);
      await tasks.begin('cleanup', { ...DUE, at: new Date('2026-03-02T04:30:00Z') });
      gate.resolve();
      await tasks.close();
      expect(count).to.equal(1);
    });
  });

  it('reports a task that failed, and does it again at its next time', async () => {
    let count = 0;
    const run = async (): Promise<void> => {
      count += 1;
      throw new Error('The storage does not answer');
    };
    await withTask(run, async (tasks, _again, failures) => {
      await tasks.begin('cleanup', DUE);
      await new Promise(setImmediate);
      await tasks.begin('cleanup', { ...DUE, at: new Date('2026-03-02T04:30:00Z') });
      await tasks.close();
      expect([count, failures.length]).to.deep.equal([2, 2]);
    });
  });

  it('aborts what runs when the server stops, waits for it, and reports nothing', async () => {
    let hasEnded = false;
    const run = async (signal: AbortSignal): Promise<void> => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await new Promise(setImmediate);
      hasEnded = true;
      signal.throwIfAborted();
    };
    await withTask(run, async (tasks, _again, failures) => {
      await tasks.begin('cleanup', DUE);
      await tasks.close();
      await tasks.begin('cleanup', { ...DUE, at: new Date('2026-03-02T04:30:00Z') });
      expect([hasEnded, failures.length]).to.deep.equal([true, 0]);
    });
  });

  it('names the setting whose expression is wrong', async () => {
    const opening = withTask(
      async () => {},
      async () => {},
      'nightly',
    );
    const error: unknown = await opening.catch((thrown: unknown) => thrown);
    expect(String(error)).to.contain('CLEANUP_CRON: cron must have the five fields');
  });
});
