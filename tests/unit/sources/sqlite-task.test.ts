import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { runDatabaseTask } from '../../../src/sources/sqlite-task.js';
import { errorFrom } from '../../support/engine-till.js';
import { makeSalesDatabase, readSales } from '../../support/selling-writer.js';
import { makeFolder, removeFolder } from '../../support/till-folder.js';

describe('runDatabaseTask()', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await makeFolder();
    path = join(folder, 'till.db');
    makeSalesDatabase(path, { journalMode: 'WAL', sales: 200 });
  });
  afterEach(() => removeFolder(folder));

  const check = () =>
    runDatabaseTask({ kind: 'check', path, name: 'till.db', depth: 'full', foreignKeys: true });

  it('finds nothing in a sound database', async () =>
    expect(await check()).to.deep.equal({ orphans: [], unchecked: null }));

  it('counts rows that refer to missing rows, beside keys that SQLite cannot check', async () => {
    const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    database.exec(`CREATE TABLE refund (sale INTEGER REFERENCES sale(id)); INSERT INTO refund VALUES (999), (1), (998);
      CREATE TABLE broken (note TEXT REFERENCES sale(note)); INSERT INTO broken VALUES ('x');
      CREATE TABLE "a 'b" (gone INTEGER REFERENCES nowhere(id)); INSERT INTO "a 'b" VALUES (1)`);
    database.close();
    expect((await check()).orphans).to.deep.equal([
      { table: "a 'b", parent: 'nowhere', rows: 1 },
      { table: 'refund', parent: 'sale', rows: 2 },
    ]);
  });

  it('names what is wrong, as an error of the same code', async () => {
    const bytes = readFileSync(path);
    bytes.fill(0x55, bytes.length - 4_096);
    writeFileSync(path, bytes);
    const { code, message } = await errorFrom(check());
    expect([code, message.includes('"till.db"')]).to.deep.equal(['DATA_CORRUPTED', true]);
  });

  it('rewrites a database with pages of another size', async () => {
    const goal = join(folder, 'goal.db');
    await runDatabaseTask({ kind: 'rewrite', path, name: 'till.db', goal, pageBytes: 8_192 });
    const database = new DatabaseSync(goal);
    expect(database.prepare('PRAGMA page_size').get()).to.include({ page_size: 8_192 });
    database.close();
    expect(readSales(goal)).to.include({ sales: 200, integrity: 'ok' });
  });

  it('ends at once when it is cancelled, however long the check takes', async () => {
    const database = new DatabaseSync(path);
    database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600000)
      INSERT INTO sale (cents, note) SELECT i * 7919 % 100000, 'receipt ' || i FROM n`);
    database.close();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 150);
    const startedAtMs = performance.now();
    const check = runDatabaseTask(
      { kind: 'check', path, name: 'till.db', depth: 'full', foreignKeys: true },
      controller.signal,
    );
    expect((await errorFrom(check)).code).to.equal('CANCELLED');
    expect(performance.now() - startedAtMs).to.be.below(1_500);
  });
});
