import { expect } from 'chai';
import type { RetainedBackup } from '../../../../src/services/retention/retained-backup.js';
import { planRetention } from '../../../../src/services/retention/retention-plan.js';
import type { KeepRules } from '../../../../src/shared/schedule.js';

const NO_RULES: KeepRules = {
  timeZone: 'UTC',
  last: null,
  hourly: null,
  daily: null,
  weekly: null,
  monthly: null,
  yearly: null,
};

/** A COMPLETED backup of everything, expired on 2 January 2026 but for `changes`. */
function make(id: string, createdAt: string, changes: Partial<RetainedBackup> = {}): RetainedBackup {
  return {
    id,
    status: 'COMPLETED',
    trigger: 'SCHEDULE',
    createdAt: new Date(createdAt),
    expiresAt: new Date('2026-01-02T00:00:00Z'),
    pinned: false,
    components: ['DATABASE', 'CONFIG', 'CACHE', 'FILES'],
    verified: [],
    uses: [],
    scheduleId: 'nightly',
    keepRules: null,
    ...changes,
  };
}

/** Reasons by id; what goes has none. */
function plan(
  backups: RetainedBackup[],
  rules: Partial<KeepRules> | null = null,
  now = '2026-11-23T12:00:00Z',
) {
  const schedules = new Map([['nightly', rules && { ...NO_RULES, ...rules }]]);
  const { kept, expired } = planRetention({ backups, schedules, now: new Date(now) });
  return Object.fromEntries([
    ...kept.map(({ backup, reasons }) => [backup.id, reasons]),
    ...expired.map(({ backup }) => [backup.id, []]),
  ]);
}

const ALL = 'DATABASE, CONFIG, CACHE, FILES';

describe('planRetention()', () => {
  it('keeps what has not expired, to the millisecond, and says until when', () => {
    const expiresAt = new Date('2026-11-23T12:00:00.000Z');
    const backups = [make('old', '2026-11-01T00:00:00Z', { expiresAt }), make('new', '2026-11-02T00:00:00Z')];
    expect(plan(backups, null, '2026-11-23T11:59:59.999Z').old).to.deep.equal([
      'not expired until 2026-11-23T12:00:00Z',
    ]);
    expect(plan(backups, null, '2026-11-23T12:00:00.000Z').old).to.deep.equal([]);
  });

  it('keeps the newest completed backup of every component when everything has expired', () => {
    const backups = [
      make('all', '2026-01-01T00:00:00Z'),
      make('files', '2026-01-02T00:00:00Z', { components: ['FILES'] }),
      make('failed', '2026-01-03T00:00:00Z', { status: 'FAILED', components: [] }),
    ];
    expect(plan(backups)).to.deep.equal({
      failed: [],
      files: ['newest completed of FILES'],
      all: ['newest completed of DATABASE, CONFIG, CACHE'],
    });
  });

  it('does not take a restore point for the newest backup', () => {
    const backups = [
      make('backup', '2026-01-01T00:00:00Z'),
      make('point', '2026-01-02T00:00:00Z', { trigger: 'PRE_RESTORE', scheduleId: null }),
    ];
    expect(plan(backups)).to.deep.equal({
      point: [`newest completed of ${ALL}`],
      backup: [`newest completed, restore points apart, of ${ALL}`],
    });
  });

  it('keeps the newest verified backup of every component', () => {
    const backups = [
      make('older', '2026-01-01T00:00:00Z', { verified: ['DATABASE', 'FILES'] }),
      make('good', '2026-01-02T00:00:00Z', { verified: ['DATABASE'] }),
      make('newest', '2026-01-03T00:00:00Z'),
    ];
    expect(plan(backups)).to.deep.equal({
      newest: [`newest completed of ${ALL}`],
      good: ['newest verified of DATABASE'],
      older: ['newest verified of FILES'],
    });
  });

  it('keeps what is pinned, in use, waiting or running', () => {
    const backups = [
      make('pinned', '2026-01-01T00:00:00Z', { pinned: true, status: 'FAILED' }),
      make('used', '2026-01-01T00:00:00Z', { uses: ['restore point of restore 7'] }),
      make('running', '2026-01-01T00:00:00Z', { status: 'RUNNING', components: [] }),
      make('waiting', '2026-01-01T00:00:00Z', { status: 'QUEUED', components: [] }),
      make('newest', '2026-01-02T00:00:00Z'),
    ];
    const { newest: _, ...reasons } = plan(backups);
    expect(reasons).to.deep.equal({
      pinned: ['pinned'],
      used: ['restore point of restore 7'],
      running: ['has not ended'],
      waiting: ['has not ended'],
    });
  });

  it('counts days that have backups, so that an outage deletes nothing', () => {
    const days = ['2026-01-01', '2026-01-02', '2026-01-03', '2026-06-30', '2026-07-01'];
    const backups = days.map((day) => make(day, `${day}T03:00:00Z`));
    const reasons = plan(backups, { daily: 4 }, '2027-01-01T00:00:00Z');
    expect(reasons['2026-01-02']).to.deep.equal(['keep-daily 2026-01-02']);
    expect(reasons['2026-01-01']).to.deep.equal([]);
  });

  it('keeps the newest of each period, by the calendar of the time zone', () => {
    const backups = [
      make('evening', '2026-03-01T20:00:00Z'),
      make('late', '2026-03-01T23:30:00Z'), // the 2nd in Berlin
      make('morning', '2026-03-02T06:00:00Z'),
    ];
    expect(plan(backups, { daily: 5, timeZone: 'Europe/Berlin' })).to.deep.include({
      evening: ['keep-daily 2026-03-01'],
      late: [],
    });
    expect(plan(backups, { daily: 5 }).late).to.deep.equal(['keep-daily 2026-03-01']);
  });

  it('tells the two hours apart that daylight saving makes alike', () => {
    const backups = [make('summer', '2026-10-25T00:30:00Z'), make('winter', '2026-10-25T01:30:00Z')];
    const reasons = plan(backups, { hourly: 2, timeZone: 'Europe/Berlin' });
    expect(reasons.summer).to.deep.equal(['keep-hourly 2026-10-25 02:00 GMT+02:00']);
    expect(reasons.winter?.[0]).to.equal('keep-hourly 2026-10-25 02:00 GMT+01:00');
  });

  const weeks: [string, string][] = [
    ['2026-01-01T12:00:00Z', '2026-W01'],
    ['2026-12-31T12:00:00Z', '2026-W53'],
    ['2027-01-03T12:00:00Z', '2026-W53'],
    ['2027-01-04T12:00:00Z', '2027-W01'],
    ['2024-12-30T12:00:00Z', '2025-W01'],
  ];
  for (const [instant, week] of weeks) {
    it(`puts ${instant.slice(0, 10)} into week ${week}`, () => {
      const reasons = plan([make('one', instant)], { weekly: 1 }, '2028-01-01T00:00:00Z');
      expect(reasons.one?.[0]).to.equal(`keep-weekly ${week}`);
    });
  }

  it('keeps by the rules that a backup remembers when its schedule is gone', () => {
    const keepRules = { ...NO_RULES, last: 2 };
    const gone = { scheduleId: 'gone', keepRules };
    const backups = ['a', 'b', 'c'].map((id, day) => make(id, `2026-01-0${day + 1}T00:00:00Z`, gone));
    const reasons = plan(backups);
    expect(reasons.b).to.deep.equal(['keep-last 2 of 2']);
    expect(reasons.a).to.deep.equal([]);
  });

  it('goes by the rules that the schedule has now, and by none when it has none', () => {
    const keepRules = { ...NO_RULES, last: 2 };
    const backups = ['a', 'b'].map((id, day) => make(id, `2026-01-0${day + 1}T00:00:00Z`, { keepRules }));
    expect(plan(backups, null).a).to.deep.equal([]);
  });

  it('does not let backups of a clock that was ahead take the place of real ones', () => {
    const expiresAt = new Date('2031-01-01T00:00:00Z');
    const backups = [
      make('ahead', '2030-12-01T00:00:00Z', { expiresAt }),
      make('real', '2026-01-02T00:00:00Z'),
      make('older', '2026-01-01T00:00:00Z'),
    ];
    expect(plan(backups, { last: 1 })).to.deep.equal({
      ahead: ['not expired until 2031-01-01T00:00:00Z'],
      real: ['keep-last 1 of 1', `newest completed of ${ALL}`],
      older: [],
    });
  });

  it('goes by UTC when this machine does not know the time zone', () => {
    const reasons = plan([make('one', '2026-03-01T23:30:00Z')], { daily: 1, timeZone: 'Mars/Olympus' });
    expect(reasons.one?.[0]).to.equal('keep-daily 2026-03-01');
  });
});
