import { expect } from 'chai';
import { CronCalendar, type CronTimes } from '../../../src/jobs/cron-calendar.js';
import { AppError } from '../../../src/shared/errors.js';

const calendar = new CronCalendar();

function times(cron: string, timeZone = 'UTC', changes: Partial<CronTimes> = {}): CronTimes {
  return { cron, timeZone, jitterSeconds: 0, seed: 'schedule', ...changes };
}

/** The next runs, without seconds. */
function next(cron: string, timeZone: string, after: string, count = 3): string[] {
  const found = calendar.following(times(cron, timeZone), new Date(after), count);
  return found.map(({ at }) => at.toISOString().slice(0, 16));
}

/** The field that is refused, or null. */
function refusedField(wrong: CronTimes): string | null {
  try {
    calendar.check(wrong, new Date('2026-01-01T00:00:00Z'));
    return null;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'BAD_USER_INPUT') throw error;
    return String(error.details.field);
  }
}

describe('CronCalendar', () => {
  describe('following()', () => {
    const cases: [string, string, string, string, string[]][] = [
      [
        'a fixed time',
        '30 2 * * *',
        'UTC',
        '2026-02-27T02:30:00Z',
        ['2026-02-28T02:30', '2026-03-01T02:30', '2026-03-02T02:30'],
      ],
      [
        'a time in its zone',
        '30 2 * * *',
        'Asia/Kathmandu',
        '2026-02-27T00:00:00Z',
        ['2026-02-27T20:45', '2026-02-28T20:45', '2026-03-01T20:45'],
      ],
      [
        'a leap day',
        '0 0 29 2 *',
        'UTC',
        '2026-01-01T00:00:00Z',
        ['2028-02-29T00:00', '2032-02-29T00:00', '2036-02-29T00:00'],
      ],
      [
        'the last day of a month',
        '0 0 L * *',
        'UTC',
        '2028-02-01T00:00:00Z',
        ['2028-02-29T00:00', '2028-03-31T00:00', '2028-04-30T00:00'],
      ],
      [
        'days by name',
        '0 6 * * MON-FRI',
        'UTC',
        '2026-11-20T07:00:00Z',
        ['2026-11-23T06:00', '2026-11-24T06:00', '2026-11-25T06:00'],
      ],
      [
        'Sunday as 7',
        '0 0 * * 7',
        'UTC',
        '2026-11-23T00:00:00Z',
        ['2026-11-29T00:00', '2026-12-06T00:00', '2026-12-13T00:00'],
      ],
      [
        'either of two kinds of days',
        '0 0 13 * FRI',
        'UTC',
        '2026-11-08T00:00:00Z',
        ['2026-11-13T00:00', '2026-11-20T00:00', '2026-11-27T00:00'],
      ],
      // Berlin, 2026-03-29: 02:00 to 03:00 does not exist.
      [
        'a skipped time right after the gap',
        '30 2 * * *',
        'Europe/Berlin',
        '2026-03-28T12:00:00Z',
        ['2026-03-29T01:00', '2026-03-30T00:30', '2026-03-31T00:30'],
      ],
      [
        'a list of skipped times once',
        '0,30 2 * * *',
        'Europe/Berlin',
        '2026-03-28T12:00:00Z',
        ['2026-03-29T01:00', '2026-03-30T00:00', '2026-03-30T00:30'],
      ],
      [
        'every half hour across the gap',
        '*/30 * * * *',
        'Europe/Berlin',
        '2026-03-29T00:15:00Z',
        ['2026-03-29T00:30', '2026-03-29T01:00', '2026-03-29T01:30'],
      ],
      // Berlin, 2026-10-25: 02:00 to 03:00 comes twice.
      [
        'a repeated time once',
        '30 2 * * *',
        'Europe/Berlin',
        '2026-10-24T12:00:00Z',
        ['2026-10-25T00:30', '2026-10-26T01:30', '2026-10-27T01:30'],
      ],
      [
        'every half hour of a repeated hour',
        '*/30 * * * *',
        'Europe/Berlin',
        '2026-10-25T00:10:00Z',
        ['2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30'],
      ],
      [
        'midnight where the day begins at 1',
        '0 0 * * *',
        'America/Sao_Paulo',
        '2018-11-03T12:00:00Z',
        ['2018-11-04T03:00', '2018-11-05T02:00', '2018-11-06T02:00'],
      ],
      [
        'a gap of half an hour',
        '15 2 * * *',
        'Australia/Lord_Howe',
        '2026-10-03T00:00:00Z',
        ['2026-10-03T15:30', '2026-10-04T15:15', '2026-10-05T15:15'],
      ],
    ];
    for (const [what, cron, timeZone, after, expected] of cases) {
      it(`finds ${what}`, () => {
        expect(next(cron, timeZone, after)).to.deep.equal(expected);
      });
    }

    it('puts every run off by its own time, the same again, and differently for another schedule', () => {
      const jittered = times('0 * * * *', 'UTC', { jitterSeconds: 600 });
      const from = new Date('2026-01-01T00:00:00Z');
      const delays = (of: CronTimes) =>
        calendar.following(of, from, 50).map(({ at, runAt }) => runAt.getTime() - at.getTime());
      const found = delays(jittered);
      expect(found).to.deep.equal(delays(jittered));
      expect(found.every((delay) => delay >= 0 && delay <= 600_000)).to.equal(true);
      expect(new Set(found).size).to.be.greaterThan(40);
      expect(found).not.to.deep.equal(delays({ ...jittered, seed: 'another' }));
    });
  });

  describe('latest()', () => {
    it('counts a time from its very moment on', () => {
      const nightly = times('30 2 * * *');
      const at = (now: string) => calendar.latest(nightly, new Date(now))?.at.toISOString();
      expect(at('2026-03-02T02:30:00.000Z')).to.equal('2026-03-02T02:30:00.000Z');
      expect(at('2026-03-02T02:29:59.999Z')).to.equal('2026-03-01T02:30:00.000Z');
    });

    it('counts a time that is put off from when it is due', () => {
      const jittered = times('0 * * * *', 'UTC', { jitterSeconds: 3_000 });
      const [first] = calendar.following(jittered, new Date('2026-01-01T00:30:00Z'), 1);
      const justBefore = new Date(first!.runAt.getTime() - 1);
      expect(calendar.latest(jittered, first!.runAt)?.at).to.deep.equal(first!.at);
      expect(calendar.latest(jittered, justBefore)?.at).to.deep.equal(new Date('2026-01-01T00:00:00Z'));
    });
  });

  describe('check()', () => {
    const good = [
      '30 2 * * *',
      '*/5 * * * *',
      '0 0 1 JAN *',
      '0 22 * * MON-SAT',
      '0 0 29 2 *',
      ' 0  0 * * * ',
    ];
    for (const cron of good) {
      it(`takes '${cron}'`, () => {
        expect(refusedField(times(cron))).to.equal(null);
      });
    }
    const bad = [
      '',
      'nightly',
      '@daily',
      '* * * *',
      '0 0 0 * * *',
      '0 0 0 * * * 2026',
      '60 0 * * *',
      '0 24 * * *',
      '0 0 32 * *',
      '0 0 * 13 *',
      '*/0 * * * *',
      '5-1 * * * *',
      '0 0 30 2 *',
      `0 ${'0,'.repeat(200)}0 * * *`,
      '0\u00000 * * *',
    ];
    for (const cron of bad) {
      it(`refuses '${cron.slice(0, 30)}'`, () => {
        expect(refusedField(times(cron))).to.equal('cron');
      });
    }
    for (const timeZone of ['', 'Mars/Olympus', '+02:00', '../etc/localtime', 'Europe/Berlin ']) {
      it(`refuses the time zone '${timeZone}'`, () => {
        expect(refusedField(times('0 0 * * *', timeZone))).to.equal('timeZone');
      });
    }
    it('refuses a jitter as long as the time between two runs', () => {
      expect(refusedField(times('*/10 * * * *', 'UTC', { jitterSeconds: 599 }))).to.equal(null);
      expect(refusedField(times('*/10 * * * *', 'UTC', { jitterSeconds: 600 }))).to.equal('jitterSeconds');
    });
  });
});
