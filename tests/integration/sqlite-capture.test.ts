import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { systemClock } from '../../src/shared/clock.js';
import { SqliteSource } from '../../src/sources/sqlite-source.js';
import { SqliteTarget } from '../../src/sources/sqlite-target.js';
import { copyComponent } from '../support/copy-component.js';
import { SOAK, scaled } from '../support/scale.js';
import { makeSalesDatabase, readSales, startSelling } from '../support/selling-writer.js';
import { makeFolder, removeFolder } from '../support/till-folder.js';

const SALES = 20_000;

describe('SQLite capture beside a till that sells', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await makeFolder();
  });

  afterEach(() => removeFolder(folder));

  for (const journalMode of ['WAL', 'DELETE'] as const) {
    it(`holds one moment in every snapshot, in journal mode ${journalMode}`, async function () {
      this.timeout(1_200_000);
      const till = join(folder, 'till.db');
      const tempDir = join(folder, 'temp');
      makeSalesDatabase(till, { journalMode, sales: SALES });
      const writer = await startSelling(till);
      const source = new SqliteSource(till, { clock: systemClock, tempDir });
      const counts: number[] = [];
      for (let snapshot = 0; snapshot < scaled(8, 60); snapshot++) {
        const targetFolder = join(folder, `restored-${snapshot}`);
        const target = new SqliteTarget({ kind: 'beside', folder: targetFolder }, { clock: systemClock });
        await copyComponent(source, target, { restoreId: randomUUID(), overwrite: false });
        const state = readSales(join(targetFolder, 'database/till.db'));
        expect(state.integrity).to.equal('ok');
        expect(state.counted).to.equal(state.sales);
        expect(state.drawerCents).to.equal(state.saleCents);
        counts.push(state.sales);
        await removeFolder(targetFolder);
      }
      const { commits, seconds } = await writer.stop();
      if (SOAK)
        console.log(`        ${counts.length} snapshots beside ${Math.round(commits / seconds)} commits/s`);
      if (journalMode === 'WAL') expect(commits / seconds).to.be.above(500);
      expect(counts).to.deep.equal([...counts].sort((a, b) => a - b));
      expect(counts.at(-1)).to.be.above(counts[0]!);
      expect(readSales(till)).to.include({ integrity: 'ok', sales: commits + SALES });
      expect(readdirSync(folder).filter((name) => name.startsWith('.'))).to.deep.equal([]);
      mkdirSync(tempDir, { recursive: true });
      expect(readdirSync(tempDir)).to.deep.equal([]);
    });
  }

  it('gives up at once when it is cancelled while the till holds the database', async () => {
    const till = join(folder, 'till.db');
    makeSalesDatabase(till, { journalMode: 'DELETE', sales: 10 });
    const holder = new DatabaseSync(till);
    holder.exec('BEGIN EXCLUSIVE');
    const cancel = new AbortController();
    const source = new SqliteSource(till, { clock: systemClock, tempDir: join(folder, 'temp') });
    const startedAt = performance.now();
    setTimeout(() => cancel.abort(), 300);
    const error = await source.capture({ signal: cancel.signal }).catch((caught) => caught);
    holder.close();
    expect(error).to.have.property('code', 'CANCELLED');
    expect(performance.now() - startedAt).to.be.below(2_000);
  });
});
