import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { BackupProgressRecord } from '../../../src/shared/operation.js';
import { toBackupUpdate } from '../../support/fake-engine.js';
import { scaled } from '../../support/scale.js';
import {
  ADMIN,
  codeOf,
  FULL,
  followToEnd,
  openServiceKit,
  type ServiceKit,
} from '../../support/service-kit.js';

/** 1, 2, 3, … as many as there are events. */
const fromOne = (events: readonly BackupProgressRecord[]) => events.map((_, place) => place + 1);

describe('ProgressService', () => {
  let kit: ServiceKit;

  beforeEach(async () => {
    kit = await openServiceKit();
  });
  afterEach(() => kit.close());

  /** A backup that reports often for `ms` milliseconds. */
  async function work(ms: number): Promise<string> {
    kit.engine.duringBackup = async (_request, { onProgress, signal }) => {
      for (let step = 1; step <= ms / 5 && !signal?.aborted; step++) {
        onProgress?.(toBackupUpdate({ phase: 'CAPTURING', processedBytes: step, totalBytes: ms / 5 }));
        await delay(5);
      }
    };
    return (await kit.backups.create(ADMIN, FULL)).id;
  }

  it('sends at most ten counters a second, and the last state', async () => {
    const events = await followToEnd(kit.progress.backupProgress(await work(1_000), 0));
    const times = events.filter(({ phase }) => phase === 'CAPTURING').map(({ at }) => at.getTime());
    expect(times.length).to.be.greaterThan(4);
    const gaps = times.slice(1).map((time, place) => time - (times[place] ?? 0));
    // A timer may be a little early, and the time is in whole milliseconds.
    expect(Math.min(...gaps)).to.be.at.least(95);
    expect(events.at(-1)).to.include({ status: 'COMPLETED', phase: 'DONE', percent: 100, etaSeconds: 0 });
    expect(events.map(({ sequence }) => sequence)).to.deep.equal(fromOne(events));
  });

  it('reads the end once for all that follow to it', async () => {
    const { progress } = kit.metadata;
    const listAfter = progress.listAfter.bind(progress);
    let reads = 0;
    progress.listAfter = (...request) => {
      reads++;
      return listAfter(...request);
    };
    const id = await work(300);
    const all = await Promise.all(
      Array.from({ length: 50 }, () => followToEnd(kit.progress.backupProgress(id, null))),
    );
    for (const events of all) expect(events.at(-1)).to.deep.equal(all[0]?.at(-1));
    expect(reads).to.be.lessThan(10);
  });

  it('sends counters less often when hundreds follow', async () => {
    const id = await work(1_200);
    const all = await Promise.all(
      Array.from({ length: 500 }, () => followToEnd(kit.progress.backupProgress(id, 0))),
    );
    // Ten a second would be twelve.
    expect(all[0]!.filter(({ phase }) => phase === 'CAPTURING').length).to.be.within(2, 6);
    expect(all[0]!.map(({ sequence }) => sequence)).to.deep.equal(fromOne(all[0]!));
  });

  it('sends what was held back even when nothing more is reported', async () => {
    const gate = Promise.withResolvers<void>();
    kit.engine.duringBackup = (_request, { onProgress }) => {
      onProgress?.(toBackupUpdate({ phase: 'CAPTURING', processedBytes: 1, totalBytes: 9 }));
      onProgress?.(toBackupUpdate({ phase: 'CAPTURING', processedBytes: 2, totalBytes: 9 }));
      return gate.promise;
    };
    const { id } = await kit.backups.create(ADMIN, FULL);
    for await (const { processedBytes } of await kit.progress.backupProgress(id, 0)) {
      if (processedBytes === 2) gate.resolve();
    }
    expect((await kit.backups.get(id)).status).to.equal('COMPLETED');
  });

  it('replays the same events to everybody, while it runs and after', async () => {
    const id = await work(1_500);
    const places = [0, 1, 3, 0, 2];
    const live = await Promise.all(
      places.map(async (after) => {
        await delay(after * 150);
        return followToEnd(kit.progress.backupProgress(id, after));
      }),
    );
    const whole = await followToEnd(kit.progress.backupProgress(id, 0));
    expect(whole.map(({ sequence }) => sequence)).to.deep.equal(fromOne(whole));
    places.forEach((after, place) => {
      expect(live[place]).to.deep.equal(whole.slice(after));
    });
  });

  it('replays after a restart', async () => {
    const id = await work(300);
    const before = await followToEnd(kit.progress.backupProgress(id, 0));
    kit = await kit.restart();
    expect(await followToEnd(kit.progress.backupProgress(id, 0))).to.deep.equal(before);
    expect(await followToEnd(kit.progress.backupProgress(id, 2))).to.deep.equal(before.slice(2));
  });

  it('finds the latest event of many at once, running, ended, absent or twice', async () => {
    const ended = await work(300);
    const { length } = await followToEnd(kit.progress.backupProgress(ended, 0));
    const running = await work(10_000);
    await delay(100);
    const latest = await kit.progress.latestBackupProgresses([running, 'none', ended, ended]);
    await kit.backups.cancel(ADMIN, running);
    expect(latest[0]).to.include({ backupId: running, status: 'RUNNING' });
    expect(latest[1]).to.equal(null);
    expect(latest[2]).to.include({ backupId: ended, sequence: length, phase: 'DONE' });
    expect(latest[3]).to.deep.equal(latest[2]);
  });

  it('begins with the latest event when it is not told where', async () => {
    const id = await work(400);
    await delay(200);
    const [first] = await followToEnd(kit.progress.backupProgress(id, null));
    expect(first?.sequence).to.be.greaterThan(2);
    const ended = await followToEnd(kit.progress.backupProgress(id, null));
    expect(ended.map(({ phase }) => phase)).to.deep.equal(['DONE']);
  });

  it('completes at once when the place is at or behind the end', async () => {
    const id = await work(10);
    const { length } = await followToEnd(kit.progress.backupProgress(id, 0));
    expect(await followToEnd(kit.progress.backupProgress(id, length))).to.deep.equal([]);
    expect(await followToEnd(kit.progress.backupProgress(id, 9_999))).to.deep.equal([]);
  });

  it('lets a slow subscriber have every event', async () => {
    const id = await work(scaled(1_500, 20_000));
    const seen: number[] = [];
    for await (const { sequence } of await kit.progress.backupProgress(id, 0)) {
      seen.push(sequence);
      await delay(seen.length < 6 ? 300 : 0);
    }
    const whole = await followToEnd(kit.progress.backupProgress(id, 0));
    expect(seen).to.deep.equal(fromOne(whole));
  });

  it('finds the state stored when DONE is seen', async () => {
    for (let time = 0; time < 10; time++) {
      const id = await work(5);
      for await (const { phase, status } of await kit.progress.backupProgress(id, 0)) {
        if (phase === 'DONE') expect((await kit.backups.get(id)).status).to.equal(status);
      }
    }
  });

  it('tells the rate and the time that is left', async () => {
    const events = await followToEnd(kit.progress.backupProgress(await work(1_000), 0));
    const rates = events.flatMap(({ bytesPerSecond, phase }) =>
      phase === 'CAPTURING' ? (bytesPerSecond ?? []) : [],
    );
    expect(rates.at(-1)).to.be.within(5, 250);
    // The engine says 1,000 bytes at first, and at this rate most of them are still to come.
    expect(events.findLast(({ phase }) => phase === 'CAPTURING')?.etaSeconds).to.be.within(2, 200);
  });

  it('ends without an error when the signal aborts, also while it waits', async () => {
    const id = await work(5_000);
    const controller = new AbortController();
    const events = await kit.progress.backupProgress(id, 0, controller.signal);
    setTimeout(() => controller.abort(), 100);
    const startedAt = performance.now();
    await followToEnd(Promise.resolve(events));
    expect(performance.now() - startedAt).to.be.lessThan(1_000);
  });

  it('ends when the client goes, also while it waits', async () => {
    const { id } = await kit.backups.create(ADMIN, FULL);
    await kit.queue.drain(1_000);
    await kit.metadata.backups.update(id, ['COMPLETED', 'QUEUED'], { status: 'QUEUED' });
    const events = await kit.progress.backupProgress(id, 9_999);
    const waiting = events.next();
    await events.return?.();
    expect(await waiting).to.deep.include({ done: true });
  });

  it('does not find unknown operations', async () => {
    expect(await codeOf(kit.progress.backupProgress('none', null))).to.equal('NOT_FOUND');
    expect(await codeOf(kit.progress.restoreProgress('none', null))).to.equal('NOT_FOUND');
  });

  it('refuses a place below 0', async () => {
    const { id } = await kit.backups.create(ADMIN, FULL);
    expect(await codeOf(kit.progress.backupProgress(id, -1))).to.equal('BAD_USER_INPUT');
  });
});
