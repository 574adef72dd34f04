import { expect } from 'chai';
import fc from 'fast-check';
import type { ProgressEvent } from '../../../src/db/progress-repository.js';
import { ProgressTracker } from '../../../src/services/progress-tracker.js';
import { BACKUP_STATUSES } from '../../../src/shared/operation.js';
import { toBackupUpdate } from '../../support/fake-engine.js';
import { scaled } from '../../support/scale.js';

const COUNTERS = ['processedBytes', 'storedBytes', 'processedFiles', 'percent'] as const;

/** Anything that an engine might report, in any order, also what it should not. */
const reports = fc.array(
  fc.record({
    phase: fc.constantFrom('SCANNING' as const, 'CAPTURING' as const, 'FINALIZING' as const),
    component: fc.constantFrom('DATABASE' as const, 'FILES' as const, null),
    processedBytes: fc.nat(1_000),
    totalBytes: fc.nat(1_000),
    storedBytes: fc.nat(1_000),
    processedFiles: fc.nat(10),
    totalFiles: fc.nat(10),
    elapsedMs: fc.nat(400),
  }),
);

/** Every event that a tracker sends for `reports`, its last one included. */
function track(
  given: typeof reports extends fc.Arbitrary<infer Reports> ? Reports : never,
  status: (typeof BACKUP_STATUSES)[number],
  latest: ProgressEvent | null = null,
): ProgressEvent[] {
  const events: ProgressEvent[] = [];
  let nowMs = 0;
  const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
  const tracker = new ProgressTracker('one', latest, {
    clock,
    emit: (event) => events.push(event),
    countFollowers: () => 1,
  });
  tracker.queued();
  tracker.begin('RUNNING', 'SCANNING');
  for (const { elapsedMs, ...report } of given) {
    nowMs += elapsedMs;
    tracker.update(toBackupUpdate(report));
  }
  tracker.stop();
  return [...events, tracker.toLastEvent({ status, figures: { processedBytes: 1_000 } })];
}

const endings = fc.constantFrom(...BACKUP_STATUSES.filter((status) => /COMP|FAIL|CANC/.test(status)));

function checkInvariants(events: readonly ProgressEvent[], first: number): void {
  events.forEach((event, place) => {
    const before = events[place - 1];
    expect(event.sequence).to.equal(first + place);
    expect(event.percent).to.be.within(0, 100);
    if (event.percent === 100) expect(event.status).to.equal('COMPLETED');
    expect(event.processedBytes).to.be.at.most(event.totalBytes);
    expect(event.processedFiles).to.be.at.most(event.totalFiles);
    expect(event.bytesPerSecond ?? 0).to.be.at.least(0);
    expect(event.etaSeconds ?? 0).to.be.at.least(0);
    for (const counter of COUNTERS) expect(event[counter]).to.be.at.least(before?.[counter] ?? 0);
  });
}

describe('ProgressTracker', () => {
  it('keeps its promises whatever is reported', () => {
    fc.assert(
      fc.property(reports, endings, (given, status) => {
        const events = track(given, status);
        checkInvariants(events, 1);
        expect(events[0]).to.include({ status: 'QUEUED', phase: 'QUEUED', percent: 0 });
        expect(events.at(-1)).to.include({ status, phase: 'DONE' });
        if (status === 'COMPLETED') expect(events.at(-1)?.percent).to.equal(100);
      }),
      { numRuns: scaled(500, 50_000) },
    );
  });

  it('goes on after the events of an earlier run', () => {
    fc.assert(
      fc.property(reports, reports, endings, (earlier, later, status) => {
        const before = track(earlier, 'RUNNING').slice(0, -1);
        const after = track(later, status, before.at(-1) ?? null);
        checkInvariants([...before, ...after], 1);
        expect(after.some(({ phase }) => phase === 'QUEUED')).to.equal(false);
      }),
      { numRuns: scaled(200, 20_000) },
    );
  });

  it('sends every change of phase', () => {
    fc.assert(
      fc.property(reports, (given) => {
        const told = ['SCANNING', ...given.map(({ phase }) => phase)];
        const sent = track(given, 'FAILED').map(({ phase }) => phase);
        const changes = (phases: string[]) => phases.filter((phase, place) => phase !== phases[place - 1]);
        expect(changes(sent)).to.deep.equal(['QUEUED', ...changes(told), 'DONE']);
      }),
      { numRuns: scaled(200, 20_000) },
    );
  });
});
