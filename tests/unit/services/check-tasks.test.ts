import { expect } from 'chai';
import { CronCalendar } from '../../../src/jobs/cron-calendar.js';
import { listCheckTasks } from '../../../src/services/check-tasks.js';
import { RecurringTasks } from '../../../src/services/recurring-tasks.js';
import { systemClock } from '../../../src/shared/clock.js';
import { codeOf, openServiceKit, type ServiceKit } from '../../support/service-kit.js';

describe('listCheckTasks()', () => {
  let kit: ServiceKit;

  beforeEach(async () => {
    kit = await openServiceKit();
  });
  afterEach(() => kit.close());

  const list = (verifyDays: number, restoreTestCron: string | null) =>
    listCheckTasks({ verifyDays, restoreTestCron, timeZone: 'Europe/Berlin' }, kit);

  it('has none when nothing is asked for', () => expect(list(0, null)).to.deep.equal([]));

  it('reads the repository every night, and tests restores when it is told to', async () => {
    kit.engine.objects = [{ key: 'packs/a', sizeBytes: 1 }];
    const [verify, test] = list(30, '0 5 * * 1');
    expect([verify?.cron, test?.cron]).to.deep.equal(['30 2 * * *', '0 5 * * 1']);
    const { signal } = new AbortController();
    await verify?.run(signal);
    await test?.run(signal); // there is no backup to test
    expect(kit.engine.checkedObjects).to.deep.equal(['packs/a']);
  });

  it('names RESTORE_TEST_CRON when that cannot be understood', async () => {
    const calendar = new CronCalendar();
    const make = async () =>
      new RecurringTasks(list(0, 'every day'), {
        ...kit.metadata,
        calendar,
        clock: systemClock,
        onFailure: () => {},
      });
    expect(await codeOf(make())).to.equal('BAD_USER_INPUT');
  });
});
