/** Prune against a model: no interleaving of servers, deaths, stand-stills and clocks loses a chunk that is needed. */
import { expect } from 'chai';
import { PruneModel } from '../support/prune-model.js';
import { scaled } from '../support/scale.js';

const SEEDS = scaled(2, 20);
const OPERATIONS = scaled(200, 10_000);

describe('four servers that back up, verify, restore, delete and clean up at once', function () {
  this.timeout(3_600_000);

  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`lose nothing that a backup needs, and leave nothing dead (seed ${seed})`, async () => {
      const model = await PruneModel.make(`prune ${seed}`);
      await model.run(OPERATIONS);
      await model.expectCleanAfterTwoRounds();
      const { ends, removedPacks } = model.counts;
      expect(ends['backup done']).to.be.greaterThan(OPERATIONS / 20);
      expect(ends['prune done']).to.be.greaterThan(OPERATIONS / 200);
      expect(removedPacks).to.be.greaterThan(OPERATIONS / 20);
    });
  }
});
