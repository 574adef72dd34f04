import { expect } from 'chai';
import { planRetention } from '../../../../src/services/retention/retention-plan.js';
import { makeTimeline } from '../../../support/random-timeline.js';
import { isOfFloor, mustStay } from '../../../support/retention-oracle.js';
import { scaled } from '../../../support/scale.js';

const TIMELINES = scaled(400, 100_000);

describe('planRetention() on random timelines', function () {
  this.timeout(scaled(60_000, 3_600_000));

  it(`decides as the oracle does, keeps the floor, and says why, ${TIMELINES} times`, () => {
    const seen = { kept: 0, expired: 0, floor: 0, ruled: 0 };
    for (let number = 0; number < TIMELINES; number++) {
      const seed = `timeline ${number}`;
      const state = makeTimeline(seed);
      const { backups, schedules, now } = state;
      const { kept, expired } = planRetention(state);
      const keptIds = kept.map(({ backup }) => backup.id).sort();
      const wanted = backups.filter((backup) => mustStay(backup, backups, schedules, now));
      expect(keptIds, seed).to.deep.equal(wanted.map(({ id }) => id).sort());
      expect(kept.length + expired.length, seed).to.equal(backups.length);
      expect(
        kept.every(({ reasons }) => reasons.length > 0),
        seed,
      ).to.equal(true);
      const isFloorKept = expired.every(({ backup }) => !isOfFloor(backup, backups, now));
      expect(isFloorKept, seed).to.equal(true);
      seen.kept += kept.length;
      seen.expired += expired.length;
      seen.floor += kept.filter(({ reasons }) =>
        reasons.some((reason) => reason.startsWith('newest')),
      ).length;
      seen.ruled += kept.filter(({ reasons }) =>
        reasons.every((reason) => reason.startsWith('keep-')),
      ).length;
    }
    // The timelines are worth their while: each kind of decision comes often.
    for (const [kind, count] of Object.entries(seen)) expect(count, kind).to.be.greaterThan(TIMELINES / 2);
  });

  it('decides the same again once what it let go is gone', () => {
    for (let number = 0; number < TIMELINES / 5; number++) {
      const state = makeTimeline(`again ${number}`);
      const { kept } = planRetention(state);
      const after = planRetention({ ...state, backups: kept.map(({ backup }) => backup) });
      expect(after.expired, `again ${number}`).to.deep.equal([]);
    }
  });
});
