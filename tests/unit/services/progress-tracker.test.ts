import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { ProgressTracker } from '../../../src/services/progress-tracker.js';
import { toBackupUpdate } from '../../support/fake-engine.js';

const MINUTE = 60_000;

/** Whether a second report that comes 300 ms after another is still held back. */
async function isHeldBackAfter({ queuedMs, runMs }: { queuedMs: number; runMs: number }): Promise<boolean> {
  let nowMs = 0;
  let count = 0;
  const tracker = new ProgressTracker('one', null, {
    clock: { now: () => new Date(nowMs), monotonicMs: () => nowMs },
    emit: () => count++,
    countFollowers: () => 1,
  });
  const report = (processedBytes: number) =>
    tracker.update(toBackupUpdate({ phase: 'SCANNING', processedBytes, totalBytes: 10 }));
  tracker.queued();
  nowMs += queuedMs;
  tracker.begin('RUNNING', 'SCANNING');
  nowMs += runMs;
  await delay(150);
  report(1);
  const before = count;
  report(2);
  await delay(300);
  const isHeldBack = count === before;
  tracker.stop();
  return isHeldBack;
}

describe('ProgressTracker', () => {
  it('sends counters less often when the operation has lasted for minutes', async () => {
    expect(await isHeldBackAfter({ queuedMs: 0, runMs: 10 * MINUTE })).to.equal(true);
  });

  it('sends them as often as ever when it only waited for minutes', async () => {
    expect(await isHeldBackAfter({ queuedMs: 10 * MINUTE, runMs: 0 })).to.equal(false);
  });
});
