import { join } from 'node:path';
import { expect } from 'chai';
import { openDiskTill } from '../support/disk-till.js';
import { backupRequest, restoreRequest } from '../support/engine-till.js';
import { scaled } from '../support/scale.js';
import { makeSalesDatabase, readSales, startSelling } from '../support/selling-writer.js';
import { makeFolder, removeFolder } from '../support/till-folder.js';

const BACKUPS = scaled(50, 300);
/** What the till must manage beside the backups. */
const MIN_COMMITS_PER_SECOND = 500;

describe('Backups of a till that sells', function () {
  this.timeout(scaled(60_000, 600_000));
  let folder: string;
  beforeEach(async () => {
    folder = await makeFolder();
  });
  afterEach(() => removeFolder(folder));

  it(`holds one moment in each of ${BACKUPS} backups, restored byte for byte`, async () => {
    const till = await openDiskTill(folder);
    makeSalesDatabase(till.database, { journalMode: 'WAL', sales: 20_000 });
    const writer = await startSelling(till.database);
    const snapshots: string[] = [];
    for (let backup = 1; backup <= BACKUPS; backup++) {
      const outcome = await till.engine.backup(backupRequest(`b${backup}`, { components: ['DATABASE'] }), {});
      snapshots.push(outcome.snapshotId);
    }
    const { commits, seconds } = await writer.stop();
    let sold = 0;
    for (const [number, snapshotId] of snapshots.entries()) {
      const targetFolder = join(folder, `restored-${number}`);
      const changes = { restoreId: `r${number}`, components: ['DATABASE' as const], targetFolder };
      await till.engine.restore(restoreRequest(snapshotId, changes), {});
      const state = readSales(join(targetFolder, 'database', 'pos.db'));
      expect(state.integrity).to.equal('ok');
      expect(state.sales).to.equal(state.counted).and.to.be.at.least(sold);
      expect(state.saleCents).to.equal(state.drawerCents);
      sold = state.sales;
    }
    expect(till.warnings).to.deep.equal([]);
    expect(commits / seconds).to.be.at.least(MIN_COMMITS_PER_SECOND);
    process.stdout.write(
      `      ${Math.round(commits / seconds)} commits a second beside ${BACKUPS} backups\n`,
    );
  });
});
