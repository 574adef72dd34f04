/** What the start does about an SQLite database whose replacement was cut short, when nothing tells how far it came. */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import type { SwapPlan } from '../../src/engine/index.js';
import { systemClock } from '../../src/shared/clock.js';
import { SqliteSource } from '../../src/sources/sqlite-source.js';
import { SqliteTarget } from '../../src/sources/sqlite-target.js';
import { stageFrom } from '../support/copy-component.js';
import { makeSalesDatabase, readSales } from '../support/selling-writer.js';
import { makeFolder, removeFolder } from '../support/till-folder.js';

describe('an SQLite restore that was cut short', () => {
  let folder: string;
  let saved: string;
  let live: string;
  let target: SqliteTarget;

  beforeEach(async () => {
    folder = await makeFolder();
    saved = join(folder, 'saved.db');
    live = join(folder, 'till.db');
    makeSalesDatabase(saved, { journalMode: 'WAL', sales: 1000 });
    makeSalesDatabase(live, { journalMode: 'WAL', sales: 900 });
    target = new SqliteTarget({ kind: 'live', path: live }, { clock: systemClock, busyLimitMs: 2_000 });
  });
  afterEach(() => removeFolder(folder));

  /** Everything up to the moment before the swap. */
  async function interrupt(): Promise<SwapPlan> {
    const source = new SqliteSource(saved, { clock: systemClock, tempDir: join(folder, 'temp') });
    const { staging } = await stageFrom(source, target, { restoreId: randomUUID(), overwrite: true });
    await staging.check({});
    return (await staging.prepare()).plan;
  }

  function change(sql: string): void {
    const database = new DatabaseSync(live);
    database.exec(sql);
    database.close();
  }

  const kept = () => readdirSync(folder).filter((name) => name.startsWith('till.db.kept-'));

  it('keeps what was sold since when the till has rewritten everything that would tell', async () => {
    const plan = await interrupt();
    change(
      "INSERT INTO sale (cents, note) VALUES (5, 'after the crash'); CREATE TABLE later (id INTEGER); VACUUM",
    );
    const sold = readSales(live).sales;
    const { hasHappened, notices } = await target.hasSwapped(plan);
    expect(hasHappened).to.equal(true);
    expect(notices.join()).to.include('is kept as "till.db.kept-');
    expect(readSales(live)).to.include({ integrity: 'ok', sales: 1000 });
    expect(readSales(join(folder, kept()[0]!))).to.include({ integrity: 'ok', sales: sold });
  });

  it('keeps the first copy when it is cut short once more', async () => {
    const plan = await interrupt();
    change(
      "INSERT INTO sale (cents, note) VALUES (5, 'after the crash'); CREATE TABLE later (id INTEGER); VACUUM",
    );
    const sold = readSales(live).sales;
    await target.hasSwapped(plan);
    change('VACUUM');
    await target.hasSwapped(plan);
    expect(kept()).to.have.length(1);
    expect(readSales(join(folder, kept()[0]!)).sales).to.equal(sold);
  });

  it('goes forward when the live database is gone', async () => {
    const plan = await interrupt();
    for (const suffix of ['', '-wal', '-shm']) rmSync(live + suffix, { force: true });
    expect(await target.hasSwapped(plan)).to.deep.equal({ hasHappened: true, notices: [] });
    expect(await target.hasSwapped(plan)).to.deep.equal({ hasHappened: true, notices: [] });
    expect(readSales(live).sales).to.equal(1000);
    await target.finishSwap(plan);
    expect(readdirSync(folder).filter((name) => name.startsWith('.tillvault-'))).to.deep.equal([]);
  });

  it('goes forward when the live database is damaged, and keeps it', async () => {
    const plan = await interrupt();
    for (const suffix of ['-wal', '-shm']) rmSync(live + suffix, { force: true });
    writeFileSync(live, 'no database at all, but something that somebody may want to look at '.repeat(100));
    const { notices } = await target.hasSwapped(plan);
    expect([notices.length, kept().length]).to.deep.equal([1, 1]);
    expect(readSales(live).sales).to.equal(1000);
  });

  it('goes forward when the till has made its database anew with pages of another size', async () => {
    const plan = await interrupt();
    for (const suffix of ['', '-wal', '-shm']) rmSync(live + suffix, { force: true });
    const database = new DatabaseSync(live);
    database.exec('PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; CREATE TABLE fresh (id INTEGER)');
    await target.hasSwapped(plan);
    database.close();
    expect(readSales(live).sales).to.equal(1000);
    expect(kept()).to.have.length(1);
  });

  it('says so when it did not happen, and changes nothing', async () => {
    const plan = await interrupt();
    change("INSERT INTO sale (cents, note) VALUES (5, 'after the crash')");
    expect(await target.hasSwapped(plan)).to.deep.equal({ hasHappened: false, notices: [] });
    expect([readSales(live).sales, kept()]).to.deep.equal([901, []]);
  });

  it('needs no room for a third copy when it is done', async () => {
    rmSync(live);
    const small = new DatabaseSync(live);
    small.exec('PRAGMA journal_mode = WAL; CREATE TABLE sale (id INTEGER PRIMARY KEY, note TEXT)');
    const source = new SqliteSource(saved, { clock: systemClock, tempDir: join(folder, 'temp') });
    const { staging } = await stageFrom(source, target, { restoreId: randomUUID(), overwrite: true });
    const staged = (await staging.prepare()).plan.staged as string;
    // A reader keeps the log from being taken in: the staged copy must be gone all the same.
    small.exec('BEGIN');
    small.prepare('SELECT count(*) FROM sale').get();
    await staging.swap();
    const sizeBefore = statSync(live).size;
    await staging.commit();
    expect([existsSync(staged), statSync(live).size]).to.deep.equal([false, sizeBefore]);
    small.close();
  });
});
