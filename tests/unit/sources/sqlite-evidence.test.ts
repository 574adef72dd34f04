import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { systemClock } from '../../../src/shared/clock.js';
import { openSqlite } from '../../../src/sources/sqlite-connection.js';
import { copyDatabase } from '../../../src/sources/sqlite-copy.js';
import { type Evidence, gatherEvidence, isReplaced } from '../../../src/sources/sqlite-evidence.js';
import { makeSalesDatabase } from '../../support/selling-writer.js';
import { makeFolder, removeFolder } from '../../support/till-folder.js';

describe('SQLite evidence', () => {
  let folder: string;
  let live: string;
  let staged: string;

  beforeEach(async () => {
    folder = await makeFolder();
    live = join(folder, 'live.db');
    staged = join(folder, 'staged.db');
  });
  afterEach(() => removeFolder(folder));

  const places = () => ({ live, staged, clock: systemClock, busyLimitMs: 1_000 });

  function change(sql: string): void {
    const database = new DatabaseSync(live);
    database.exec(sql);
    database.close();
  }

  async function replace(): Promise<void> {
    const source = openSqlite(staged, { busyTimeoutMs: 0, isImmutable: true });
    await copyDatabase(source, live, { clock: systemClock, busyLimitMs: 1_000 });
    source.close();
  }

  async function verdict(evidence: Evidence): Promise<boolean | null> {
    return isReplaced(evidence, places());
  }

  for (const journalMode of ['WAL', 'DELETE'] as const) {
    context(`in journal mode ${journalMode}`, () => {
      /** Of two databases that differ. */
      async function gather(): Promise<Evidence> {
        makeSalesDatabase(live, { journalMode, sales: 3_000 });
        makeSalesDatabase(staged, { journalMode, sales: 2_000 });
        return gatherEvidence(places());
      }

      it('notes pages that differ', async () => expect((await gather()).pages.length).to.be.above(0));

      it('says no when nothing happened', async () => expect(await verdict(await gather())).to.equal(false));

      it('says no when the till went on selling', async () => {
        const evidence = await gather();
        change("INSERT INTO sale (cents, note) SELECT 1, 'x' FROM sale");
        expect(await verdict(evidence)).to.equal(false);
      });

      it('says no when the till changed its schema', async () => {
        const evidence = await gather();
        change('CREATE TABLE more (x); ALTER TABLE sale ADD COLUMN y');
        expect(await verdict(evidence)).to.equal(false);
      });

      it('cannot tell after a VACUUM', async () => {
        const evidence = await gather();
        change('DELETE FROM sale WHERE id % 7 = 0; VACUUM');
        expect(await verdict(evidence)).to.equal(null);
      });

      it('says yes when it was replaced', async () => {
        const evidence = await gather();
        await replace();
        expect(await verdict(evidence)).to.equal(true);
      });

      it('says yes when the till went on selling and changed its schema after that', async () => {
        const evidence = await gather();
        await replace();
        change(
          "CREATE TABLE more (x); INSERT INTO sale (cents, note) VALUES (1, 'x'); UPDATE drawer SET cents = 0",
        );
        expect(await verdict(evidence)).to.equal(true);
      });

      it('says yes when nearly everything was rewritten after that', async () => {
        const evidence = await gather();
        await replace();
        change('UPDATE sale SET cents = cents + 1');
        expect(await verdict(evidence)).to.equal(true);
      });
    });
  }

  it('says yes while a reader of the till keeps the replacement in the WAL', async () => {
    makeSalesDatabase(live, { journalMode: 'WAL', sales: 3_000 });
    makeSalesDatabase(staged, { journalMode: 'WAL', sales: 2_000 });
    const reader = new DatabaseSync(live);
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM sale').get();
    const evidence = await gatherEvidence(places());
    await replace();
    expect(await verdict(evidence)).to.equal(true);
    reader.close();
  });

  it('goes by the schema cookie alone where both are the same', async () => {
    makeSalesDatabase(live, { journalMode: 'DELETE', sales: 10 });
    makeSalesDatabase(staged, { journalMode: 'DELETE', sales: 10 });
    const evidence = await gatherEvidence(places());
    expect([evidence.pages, await verdict(evidence)]).to.deep.equal([[], false]);
    await replace();
    expect(await verdict(evidence)).to.equal(true);
  });

  it('tells a replacement of an empty database', async () => {
    writeFileSync(live, '');
    makeSalesDatabase(staged, { journalMode: 'DELETE', sales: 10, pageSize: 8192 });
    const evidence = await gatherEvidence(places());
    expect(await verdict(evidence)).to.equal(false);
    await replace();
    expect(await verdict(evidence)).to.equal(true);
  });
});
