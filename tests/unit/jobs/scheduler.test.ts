import { expect } from 'chai';
import { CronCalendar } from '../../../src/jobs/cron-calendar.js';
import type { DueTime, TimetableEntry } from '../../../src/jobs/due-time.js';
import { Scheduler, type Timetable } from '../../../src/jobs/scheduler.js';
import { FixedClock } from '../../support/fixed-clock.js';
import { ManualTimer } from '../../support/manual-timer.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A timetable in memory that notes what was begun: the time of the expression and the time of the clock. */
class MemoryTimetable implements Timetable {
  readonly begun: string[] = [];
  readonly entries = new Map<string, TimetableEntry>();
  /** What happens when something is begun, before it is noted. */
  duringBegin: (due: DueTime) => Promise<void> = async () => {};

  constructor(private readonly clock: FixedClock) {}

  add(id: string, cron: string, changes: Partial<TimetableEntry['times']> = {}): void {
    const times = { cron, timeZone: 'UTC', jitterSeconds: 0, seed: id, ...changes };
    this.entries.set(id, { id, times, dealtWithAt: this.clock.now() });
  }

  async list(): Promise<TimetableEntry[]> {
    return [...this.entries.values()];
  }

  async begin(id: string, due: DueTime): Promise<void> {
    await this.duringBegin(due);
    this.begun.push(`${due.at.toISOString().slice(5, 16)} at ${this.clock.now().toISOString().slice(5, 16)}`);
    await this.countFrom(id, due.at);
  }

  async countFrom(id: string, at: Date): Promise<void> {
    const entry = this.entries.get(id);
    if (entry) this.entries.set(id, { ...entry, dealtWithAt: at });
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
}

describe('Scheduler', () => {
  let clock: FixedClock;
  let timer: ManualTimer;
  let timetable: MemoryTimetable;
  let failures: unknown[];

  beforeEach(() => {
    clock = new FixedClock('2026-03-01T00:00:00Z');
    timer = new ManualTimer(clock);
    timetable = new MemoryTimetable(clock);
    failures = [];
  });

  function create(): Scheduler {
    const onFailure = (error: unknown): void => {
      failures.push(error);
    };
    return new Scheduler([timetable], { calendar: new CronCalendar(), clock, timer, onFailure });
  }

  it('begins each time once, when it comes', async () => {
    timetable.add('nightly', '30 2 * * *');
    const scheduler = create();
    scheduler.start();
    await timer.pass(2 * DAY_MS + 3 * HOUR_MS, settle);
    await scheduler.close();
    expect(timetable.begun).to.deep.equal([
      '03-01T02:30 at 03-01T02:30',
      '03-02T02:30 at 03-02T02:30',
      '03-03T02:30 at 03-03T02:30',
    ]);
  });

  it('catches up the latest of several that were missed, once', async () => {
    timetable.add('hourly', '0 * * * *');
    clock.advance(2 * DAY_MS + 30 * MINUTE_MS);
    const scheduler = create();
    scheduler.start();
    await timer.pass(40 * MINUTE_MS, settle);
    await scheduler.close();
    expect(timetable.begun).to.deep.equal(['03-03T00:00 at 03-03T00:30', '03-03T01:00 at 03-03T01:00']);
  });

  it('begins no time twice when the clock is put back', async () => {
    timetable.add('hourly', '0 * * * *');
    const scheduler = create();
    scheduler.start();
    await timer.pass(3 * HOUR_MS + MINUTE_MS, settle);
    clock.put('2026-03-01T00:30:00Z');
    await timer.pass(4 * HOUR_MS, settle);
    await scheduler.close();
    const times = timetable.begun.map((each) => each.slice(0, 11));
    expect(times).to.deep.equal(['03-01T01:00', '03-01T02:00', '03-01T03:00', '03-01T04:00']);
  });

  it('does not wait for years when the clock had been years ahead', async () => {
    timetable.add('nightly', '30 2 * * *');
    clock.put('2031-06-01T12:00:00Z');
    const scheduler = create();
    scheduler.start();
    await timer.pass(MINUTE_MS, settle);
    clock.put('2026-03-01T12:00:00Z');
    await timer.pass(DAY_MS, settle);
    await scheduler.close();
    expect(timetable.begun).to.deep.equal(['06-01T02:30 at 06-01T12:00', '03-02T02:30 at 03-02T02:30']);
  });

  it('notices within a minute that the clock was put forward', async () => {
    timetable.add('nightly', '30 2 * * *');
    const scheduler = create();
    scheduler.start();
    await timer.pass(MINUTE_MS, settle);
    clock.put('2026-03-01T05:00:00Z');
    await timer.pass(MINUTE_MS, settle);
    await scheduler.close();
    expect(timetable.begun).to.deep.equal(['03-01T02:30 at 03-01T05:01']);
  });

  it('puts a run off by its jitter, also when it starts anew meanwhile', async () => {
    timetable.add('hourly', '0 * * * *', { jitterSeconds: 1_800 });
    const [first] = new CronCalendar().following(timetable.entries.get('hourly')!.times, clock.now(), 1);
    const scheduler = create();
    scheduler.start();
    await timer.pass(HOUR_MS + 1_000, settle);
    await scheduler.close();
    expect(timetable.begun).to.deep.equal([]);
    const second = create();
    second.start();
    await timer.pass(first!.runAt.getTime() - clock.now().getTime(), settle);
    await second.close();
    expect(timetable.begun.length).to.equal(1);
  });

  it('tries again within a minute what could not be begun, and begins the others', async () => {
    timetable.add('first', '0 1 * * *');
    timetable.add('second', '0 1 * * *');
    let failing = 1;
    timetable.duringBegin = async () => {
      if (failing-- > 0) throw new Error('The database is away');
    };
    const scheduler = create();
    scheduler.start();
    await timer.pass(HOUR_MS, settle);
    expect([timetable.begun.length, failures.length]).to.deep.equal([1, 1]);
    await timer.pass(MINUTE_MS, settle);
    await scheduler.close();
    expect([timetable.begun.length, failures.length]).to.deep.equal([2, 1]);
  });

  it('goes on when entries cannot be listed', async () => {
    timetable.add('nightly', '30 2 * * *');
    const { list } = timetable;
    timetable.list = async () => {
      timetable.list = list;
      throw new Error('The database is away');
    };
    const scheduler = create();
    scheduler.start();
    await timer.pass(3 * HOUR_MS, settle);
    await scheduler.close();
    expect([timetable.begun.length, failures.length]).to.deep.equal([1, 1]);
  });

  it('looks at once when it is woken', async () => {
    const scheduler = create();
    scheduler.start();
    await timer.pass(0, settle);
    timetable.add('minutely', '* * * * *');
    clock.advance(90_000);
    scheduler.wake();
    await settle();
    expect(timetable.begun).to.deep.equal(['03-01T00:01 at 03-01T00:01']);
    await scheduler.close();
  });

  it('waits at its end for what is being begun, begins nothing more, and leaves no timer', async () => {
    timetable.add('first', '0 1 * * *');
    timetable.add('second', '0 1 * * *');
    const gate = Promise.withResolvers<void>();
    timetable.duringBegin = () => gate.promise;
    clock.advance(HOUR_MS);
    const scheduler = create();
    scheduler.start();
    await settle();
    const closed = scheduler.close();
    gate.resolve();
    await closed;
    scheduler.wake();
    await settle();
    expect(timetable.begun.length).to.equal(1);
    expect(timer.size).to.equal(0);
  });
});
