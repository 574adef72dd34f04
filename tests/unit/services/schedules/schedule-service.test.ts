import { expect } from 'chai';
import { Scheduler } from '../../../../src/jobs/scheduler.js';
import type { ScheduleRequest } from '../../../../src/services/schedules/schedule-service.js';
import { workUntil } from '../../../support/fake-engine.js';
import { FixedClock } from '../../../support/fixed-clock.js';
import { ManualTimer } from '../../../support/manual-timer.js';
import {
  ADMIN,
  codeOf,
  FULL,
  followToEnd,
  openServiceKit,
  type ServiceKit,
} from '../../../support/service-kit.js';

const HOUR_MS = 3_600_000;

const NIGHTLY: ScheduleRequest = {
  name: 'Nightly',
  cron: '30 2 * * *',
  timeZone: 'Europe/Berlin',
  enabled: true,
  components: ['DATABASE', 'CONFIG', 'CACHE', 'FILES'],
  encrypt: true,
  compress: true,
  retentionDays: 30,
  jitterSeconds: 0,
};

describe('ScheduleService', () => {
  let clock: FixedClock;
  let timer: ManualTimer;
  let kit: ServiceKit;
  let scheduler: Scheduler;

  beforeEach(async () => {
    clock = new FixedClock('2026-03-01T00:00:00Z');
    timer = new ManualTimer(clock);
    kit = await openServiceKit({ clock });
    scheduler = createScheduler();
  });
  afterEach(async () => {
    await scheduler.close();
    await kit.close();
  });

  function createScheduler(): Scheduler {
    const onFailure = (error: unknown): void => {
      kit.failures.push(error);
    };
    return new Scheduler([kit.runs], { calendar: kit.calendar, clock, timer, onFailure });
  }

  /** Waits until nothing of what was begun is left to do. */
  async function settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      const unended = (await kit.metadata.backups.listStates()).filter(({ status }) => status === 'QUEUED');
      quiet = unended.length === 0 ? quiet + 1 : 0;
    }
  }

  /** Lets time pass, in steps that keep the test short: the scheduler looks when it is woken. */
  async function pass(steps: number, stepMs = HOUR_MS): Promise<void> {
    for (let step = 0; step < steps; step++) {
      clock.advance(stepMs);
      scheduler.wake();
      await settle();
    }
  }

  async function names(): Promise<string[]> {
    const all = await kit.metadata.backups.listAll();
    return all.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime()).map(({ name }) => name);
  }

  async function auditOf(action: string): Promise<string[]> {
    const { items } = await kit.audit.list({ page: 1, limit: 100 }, { action });
    return items.map(({ actor, outcome }) => `${actor} ${outcome}`);
  }

  describe('create()', () => {
    it('stores what was asked for, and when it will run', async () => {
      const schedule = await kit.schedules.create(ADMIN, { ...NIGHTLY, name: ' Nightly ', keepDaily: 7 });
      expect(await kit.schedules.list()).to.deep.equal([schedule]);
      expect(schedule).to.include({ name: 'Nightly', keepDaily: 7, keepLast: null, lastRunAt: null });
      expect(kit.schedules.nextRuns(schedule, 2)).to.deep.equal([
        new Date('2026-03-01T01:30:00Z'),
        new Date('2026-03-02T01:30:00Z'),
      ]);
      expect(kit.changes.count).to.equal(1);
    });

    const refused: [string, Partial<ScheduleRequest>][] = [
      ['an empty name', { name: ' ' }],
      ['a name of 101 characters', { name: 'x'.repeat(101) }],
      ['six fields', { cron: '0 30 2 * * *' }],
      ['a time that never comes', { cron: '0 0 31 2 *' }],
      ['another time zone', { timeZone: 'Mars/Olympus' }],
      ['no component', { components: [] }],
      ['a retention of 366', { retentionDays: 366 }],
      ['keeping 0 days', { keepDaily: 0 }],
      ['keeping 1001 years', { keepYearly: 1_001 }],
      ['a jitter of an hour and a second', { jitterSeconds: 3_601 }],
      ['a ping to a file', { pingUrl: 'file:///etc/passwd' }],
      ['a ping with a password', { pingUrl: 'https://user:secret@example.com/' }],
      ['a ping to nowhere', { pingUrl: 'hc-ping.com/1' }],
    ];
    for (const [what, changes] of refused) {
      it(`refuses ${what}`, async () => {
        expect(await codeOf(kit.schedules.create(ADMIN, { ...NIGHTLY, ...changes }))).to.equal(
          'BAD_USER_INPUT',
        );
        expect(await kit.schedules.list()).to.deep.equal([]);
      });
    }

    it('does not repeat a URL that it refuses', async () => {
      const work = kit.schedules.create(ADMIN, { ...NIGHTLY, pingUrl: 'ftp://host/0d5a' });
      const message = await work.catch((error: Error) => error.message);
      expect(message).to.contain('pingUrl').and.not.to.contain('0d5a');
    });

    it('refuses a name that another one has, in whatever case, also when both come at once', async () => {
      const asked = ['NIGHTLY', 'nightly'].map((name) => kit.schedules.create(ADMIN, { ...NIGHTLY, name }));
      const ended = await Promise.allSettled(asked);
      expect(ended.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
      const again = kit.schedules.create(ADMIN, { ...NIGHTLY, name: 'nIGHTLY' });
      expect(await codeOf(again)).to.equal('CONFLICT');
    });

    it('refuses more than a hundred', async () => {
      await kit.schedules.create(ADMIN, { ...NIGHTLY, name: 'Hourly' });
      kit.metadata.schedules.count = async () => 100; // to store as many takes seconds
      expect(await codeOf(kit.schedules.create(ADMIN, NIGHTLY))).to.equal('CONFLICT');
    });
  });

  describe('update()', () => {
    it('changes everything, and keeps what it has done', async () => {
      const { id } = await kit.schedules.create(ADMIN, NIGHTLY);
      await kit.runs.make(await kit.schedules.get(id), clock.now(), null);
      const changed = await kit.schedules.update(ADMIN, id, {
        ...NIGHTLY,
        name: 'Weekly',
        cron: '0 3 * * 0',
      });
      expect(changed).to.include({ id, name: 'Weekly', cron: '0 3 * * 0' });
      expect(changed.lastRunAt).to.deep.equal(clock.now());
    });

    it('catches nothing up that was due while it was not enabled', async () => {
      const { id } = await kit.schedules.create(ADMIN, { ...NIGHTLY, enabled: false });
      scheduler.start();
      await pass(4);
      await kit.schedules.update(ADMIN, id, NIGHTLY);
      await pass(1);
      expect(await names()).to.deep.equal([]);
    });

    it('is a conflict when another one has the name', async () => {
      await kit.schedules.create(ADMIN, NIGHTLY);
      const { id } = await kit.schedules.create(ADMIN, { ...NIGHTLY, name: 'Hourly' });
      expect(await codeOf(kit.schedules.update(ADMIN, id, NIGHTLY))).to.equal('CONFLICT');
      expect((await kit.schedules.get(id)).name).to.equal('Hourly');
    });

    it('does not find an unknown one', async () => {
      expect(await codeOf(kit.schedules.update(ADMIN, 'none', NIGHTLY))).to.equal('NOT_FOUND');
    });
  });

  describe('delete()', () => {
    it('leaves the backups, with the rules that they were made under', async () => {
      const schedule = await kit.schedules.create(ADMIN, { ...NIGHTLY, keepYearly: 7 });
      const { id } = await kit.schedules.run(ADMIN, schedule.id);
      await followToEnd(kit.progress.backupProgress(id, 0));
      await kit.schedules.delete(ADMIN, schedule.id);
      expect(await codeOf(kit.schedules.get(schedule.id))).to.equal('NOT_FOUND');
      const backup = await kit.backups.get(id);
      expect(backup.scheduleId).to.equal(schedule.id);
      expect(backup.keepRules).to.include({ timeZone: 'Europe/Berlin', yearly: 7, daily: null });
    });

    it('does not find an unknown one', async () => {
      expect(await codeOf(kit.schedules.delete(ADMIN, 'none'))).to.equal('NOT_FOUND');
    });
  });

  describe('run()', () => {
    it('makes a backup that says where it comes from, and can be rebuilt from its snapshot', async () => {
      const asked = { ...NIGHTLY, components: ['FILES' as const], keepLast: 3, enabled: false };
      const schedule = await kit.schedules.create(ADMIN, asked);
      const { id } = await kit.schedules.run(ADMIN, schedule.id);
      await followToEnd(kit.progress.backupProgress(id, 0));
      const backup = await kit.backups.get(id);
      expect(backup).to.include({
        name: 'Nightly 2026-03-01 01:00',
        type: 'PARTIAL',
        trigger: 'SCHEDULE',
        createdBy: 'schedule:Nightly',
        scheduleId: schedule.id,
      });
      expect(await kit.schedules.lastBackup(schedule)).to.deep.equal(backup);
      await kit.metadata.backups.delete(id);
      await kit.recovery.recover();
      const rebuilt = await kit.backups.get(id);
      expect(rebuilt).to.deep.include({ scheduleId: schedule.id, keepRules: backup.keepRules });
    });

    it('is a conflict while its last one has not ended', async () => {
      const gate = Promise.withResolvers<void>();
      kit.engine.duringBackup = (_request, { signal }) => workUntil(gate.promise, signal);
      const { id } = await kit.schedules.create(ADMIN, NIGHTLY);
      await kit.schedules.run(ADMIN, id);
      expect(await codeOf(kit.schedules.run(ADMIN, id))).to.equal('CONFLICT');
      gate.resolve();
    });

    it('does not find an unknown one', async () => {
      expect(await codeOf(kit.schedules.run(ADMIN, 'none'))).to.equal('NOT_FOUND');
    });
  });

  describe('nextRuns()', () => {
    it('has none while it is not enabled, and refuses to count to 101', async () => {
      const schedule = await kit.schedules.create(ADMIN, NIGHTLY);
      expect(kit.schedules.nextRuns({ ...schedule, enabled: false }, 3)).to.deep.equal([]);
      expect(() => kit.schedules.nextRuns(schedule, 101)).to.throw('count');
    });
  });

  context('with a scheduler', () => {
    it('makes a backup at each time, by name of the time', async () => {
      await kit.schedules.create(ADMIN, NIGHTLY);
      scheduler.start();
      await pass(3, HOUR_MS / 2);
      await pass(2, 12 * HOUR_MS);
      expect(await names()).to.deep.equal(['Nightly 2026-03-01 02:30', 'Nightly 2026-03-02 02:30']);
      expect(kit.alerts).to.deep.equal([]);
    });

    it('catches up one run after the server was down, and says so', async () => {
      const { id } = await kit.schedules.create(ADMIN, NIGHTLY);
      clock.advance(60 * HOUR_MS);
      scheduler.start();
      await settle();
      await pass(2);
      expect(await names()).to.deep.equal(['Nightly 2026-03-03 02:30']);
      expect(kit.alerts.map(({ kind, subject }) => [kind, subject])).to.deep.equal([['backup.missed', id]]);
    });

    it('makes one backup of a time that the server stopped in the middle of', async () => {
      const { id } = await kit.schedules.create(ADMIN, NIGHTLY);
      const { schedules } = kit.metadata;
      const due = { at: new Date('2026-03-01T01:30:00Z'), lateMs: 0 };
      const recordRun = schedules.recordRun.bind(schedules);
      schedules.recordRun = async () => {
        throw new Error('The server was killed');
      };
      await kit.runs.begin(id, due).catch(() => undefined);
      schedules.recordRun = recordRun;
      await kit.runs.begin(id, due);
      await kit.runs.begin(id, due);
      await settle();
      expect(await names()).to.deep.equal(['Nightly 2026-03-01 02:30']);
      expect((await kit.schedules.get(id)).lastSkippedAt).to.equal(null);
    });

    it('leaves out a run while the one before has not ended, and records that', async () => {
      const { id } = await kit.schedules.create(ADMIN, { ...NIGHTLY, cron: '0 * * * *' });
      const gate = Promise.withResolvers<void>();
      kit.engine.duringBackup = (_request, { signal }) => workUntil(gate.promise, signal);
      scheduler.start();
      await pass(2);
      gate.resolve();
      await settle();
      await pass(1);
      expect(await names()).to.deep.equal(['Nightly 2026-03-01 02:00', 'Nightly 2026-03-01 04:00']);
      const schedule = await kit.schedules.get(id);
      expect(schedule.lastSkippedAt).to.deep.equal(new Date('2026-03-01T02:00:00Z'));
      expect(schedule.lastSkipReason).to.contain("'Nightly 2026-03-01 02:00' had not ended");
      expect(await auditOf('schedule.skip')).to.deep.equal(['schedule:Nightly CONFLICT']);
      expect(kit.alerts.map(({ kind, subject }) => [kind, subject])).to.deep.equal([['backup.missed', id]]);
    });

    it('waits its turn behind a backup that somebody asked for', async () => {
      await kit.schedules.create(ADMIN, NIGHTLY);
      const gate = Promise.withResolvers<void>();
      kit.engine.duringBackup = (_request, { signal }) => workUntil(gate.promise, signal);
      await kit.backups.create(ADMIN, { ...FULL, name: 'Mine' });
      clock.advance(2 * HOUR_MS);
      scheduler.start();
      await new Promise((resolve) => setTimeout(resolve, 50));
      gate.resolve();
      await settle();
      expect(await names()).to.deep.equal(['Mine', 'Nightly 2026-03-01 02:30']);
    });
  });

  it('audits what was done and what was refused', async () => {
    const { id } = await kit.schedules.create(ADMIN, NIGHTLY);
    await codeOf(kit.schedules.create(ADMIN, NIGHTLY));
    await kit.schedules.update(ADMIN, id, NIGHTLY);
    await kit.schedules.run(ADMIN, id);
    await kit.schedules.delete(ADMIN, id);
    const { items } = await kit.audit.list({ page: 1, limit: 100 }, null);
    const byUsers = items.filter(({ actor }) => actor !== 'system');
    const log = byUsers.map(({ action, actor, role, outcome }) => `${action} ${actor} ${role} ${outcome}`);
    expect(log).to.have.members([
      'schedule.create alice ADMIN ok',
      'schedule.create alice ADMIN CONFLICT',
      'schedule.update alice ADMIN ok',
      'backup.create schedule:Nightly null ok',
      'schedule.run alice ADMIN ok',
      'schedule.delete alice ADMIN ok',
    ]);
  });
});
