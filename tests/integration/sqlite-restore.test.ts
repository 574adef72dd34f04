import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import type { Staging } from '../../src/engine/index.js';
import { systemClock } from '../../src/shared/clock.js';
import { AppError } from '../../src/shared/errors.js';
import { SqliteSource } from '../../src/sources/sqlite-source.js';
import { SqliteTarget } from '../../src/sources/sqlite-target.js';
import { copyComponent, stageFrom } from '../support/copy-component.js';
import { makeSalesDatabase, readSales, startSelling } from '../support/selling-writer.js';
import { makeFolder, removeFolder } from '../support/till-folder.js';

const NEEDS = { totalBytes: 4096, totalFiles: 1 };

describe('SQLite restore', () => {
  let folder: string;
  let saved: string;
  let till: string;

  beforeEach(async () => {
    folder = await makeFolder();
    saved = join(folder, 'saved.db');
    till = join(folder, 'till.db');
    makeSalesDatabase(saved, { journalMode: 'WAL', sales: 1000 });
  });

  afterEach(() => removeFolder(folder));

  function options(overwrite = true) {
    return { restoreId: randomUUID(), overwrite };
  }

  function source(path = saved): SqliteSource {
    return new SqliteSource(path, { clock: systemClock, tempDir: join(folder, 'temp') });
  }

  function target(busyLimitMs = 5_000): SqliteTarget {
    return new SqliteTarget({ kind: 'live', path: till }, { clock: systemClock, busyLimitMs });
  }

  async function stage(destination = target()): Promise<Staging> {
    const { staging } = await stageFrom(source(), destination, options());
    await staging.check({});
    return staging;
  }

  async function codeOf(promise: Promise<unknown>): Promise<string> {
    try {
      await promise;
    } catch (error) {
      if (error instanceof AppError) return error.code;
      throw error;
    }
    return 'none';
  }

  function sha256(path: string): string {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  }

  function sales(path: string): number {
    const { integrity, sales: found } = readSales(path);
    expect(integrity).to.equal('ok');
    return found;
  }

  it('puts the very bytes of the backup where nothing is', async () => {
    const before = sha256(saved);
    await copyComponent(source(), target(), options());
    expect(sha256(till)).to.equal(before);
    expect(readdirSync(folder).sort()).to.deep.equal(['saved.db', 'till.db']);
  });

  it('makes folders that are missing on the way', async () => {
    till = join(folder, 'prisma/data/till.db');
    await copyComponent(source(), target(), options());
    expect(sales(till)).to.equal(1000);
    expect(readdirSync(folder).sort()).to.deep.equal(['prisma', 'saved.db']);
  });

  it('moves a journal of a lost database out of the way', async () => {
    writeFileSync(`${till}-wal`, 'stale');
    writeFileSync(`${till}-journal`, 'stale');
    await copyComponent(source(), target(), options());
    expect(sales(till)).to.equal(1000);
    expect(readdirSync(folder).sort()).to.deep.equal(['saved.db', 'till.db']);
  });

  for (const journalMode of ['WAL', 'DELETE'] as const) {
    context(`when the live database is in journal mode ${journalMode}`, () => {
      it('shows open connections the restored content', async () => {
        makeSalesDatabase(till, { journalMode, sales: 7 });
        const reader = new DatabaseSync(till, { timeout: 5_000 });
        const count = reader.prepare('SELECT count(*) AS sales FROM sale');
        expect(count.get()).to.include({ sales: 7 });
        await copyComponent(source(), target(), options());
        expect(count.get()).to.include({ sales: 1000 });
        reader.exec('INSERT INTO sale (cents, note) VALUES (1, 2)');
        reader.close();
        expect(sales(till)).to.equal(1001);
        expect(readdirSync(folder).sort()).to.deep.equal(['saved.db', 'till.db']);
      });

      it('restores beside a program that goes on selling', async function () {
        this.timeout(60_000);
        makeSalesDatabase(till, { journalMode, sales: 7 });
        const writer = await startSelling(till);
        try {
          await copyComponent(source(), target(20_000), options());
        } finally {
          await writer.stop();
        }
        const state = readSales(till);
        expect(state).to.include({ integrity: 'ok', counted: state.sales, drawerCents: state.saleCents });
        expect(state.sales).to.be.at.least(1000);
      });

      it('says that the swap is final', async () => {
        makeSalesDatabase(till, { journalMode, sales: 7 });
        const staging = await stage();
        const { isFinal } = await staging.prepare();
        await staging.discard();
        expect(isFinal).to.equal(true);
      });

      it('changes nothing until it swaps', async () => {
        makeSalesDatabase(till, { journalMode, sales: 7 });
        const staging = await stage();
        await staging.prepare();
        expect(sales(till)).to.equal(7);
        await staging.discard();
        expect(readdirSync(folder).sort()).to.deep.equal(['saved.db', 'till.db']);
      });

      it('restores pages of another size when nobody has the database open', async () => {
        makeSalesDatabase(till, { journalMode, sales: 7, pageSize: 8192 });
        await copyComponent(source(), target(), options());
        expect(sales(till)).to.equal(1000);
      });

      it('keeps the live page size, and rowids, while a program has the database open', async () => {
        makeSalesDatabase(till, { journalMode, sales: 7, pageSize: 8192 });
        const database = new DatabaseSync(saved);
        database.exec('CREATE TABLE n (v); INSERT INTO n (rowid, v) VALUES (5, 1), (90, 2)');
        database.close();
        const reader = new DatabaseSync(till, { timeout: 5_000 });
        const count = reader.prepare('SELECT count(*) AS sales FROM sale');
        expect(count.get()).to.include({ sales: 7 });
        await copyComponent(source(), target(), options());
        expect(count.get()).to.include({ sales: 1000 });
        expect(reader.prepare('PRAGMA page_size').get()).to.include({ page_size: 8192 });
        expect(reader.prepare('SELECT group_concat(rowid) AS ids FROM n').get()).to.include({ ids: '5,90' });
        reader.close();
        expect(sales(till)).to.equal(1000);
      });

      it('changes nothing when another program keeps a write lock', async () => {
        makeSalesDatabase(till, { journalMode, sales: 7 });
        const staging = await stage(target(300));
        const holder = new DatabaseSync(till);
        holder.exec('BEGIN IMMEDIATE');
        expect(await codeOf(staging.prepare())).to.equal('CONFLICT');
        holder.exec('COMMIT');
        holder.close();
        await staging.discard();
        expect(sales(till)).to.equal(7);
        expect(readdirSync(folder).sort()).to.deep.equal(['saved.db', 'till.db']);
      });
    });
  }

  it('replaces a damaged database by renames and can bring its bytes back', async () => {
    writeFileSync(till, 'no database at all '.repeat(500));
    writeFileSync(`${till}-wal`, 'stale');
    const before = sha256(till);
    const staging = await stage();
    await staging.prepare();
    await staging.swap();
    expect(sales(till)).to.equal(1000);
    await staging.undo();
    await staging.discard();
    expect(sha256(till)).to.equal(before);
    expect(readFileSync(`${till}-wal`, 'utf8')).to.equal('stale');
    expect(readdirSync(folder).sort()).to.deep.equal(['saved.db', 'till.db', 'till.db-wal']);
  });

  it('undoes a restore to where nothing was', async () => {
    till = join(folder, 'prisma/till.db');
    const staging = await stage();
    await staging.prepare();
    await staging.swap();
    await staging.undo();
    await staging.discard();
    expect(readdirSync(folder)).to.deep.equal(['saved.db']);
  });

  it('refuses a live database with tables when overwrite is false', async () => {
    makeSalesDatabase(till, { journalMode: 'WAL', sales: 7 });
    expect(await codeOf(target().plan(NEEDS, options(false)))).to.equal('CONFLICT');
    expect(sales(till)).to.equal(7);
  });

  it('fills a live database without tables when overwrite is false', async () => {
    new DatabaseSync(till).close();
    writeFileSync(till, '');
    await copyComponent(source(), target(), options(false));
    expect(sales(till)).to.equal(1000);
  });

  it('refuses a restore that does not fit', async () => {
    const needs = { totalBytes: 2 ** 52, totalFiles: 1 };
    expect(await codeOf(target().plan(needs, options()))).to.equal('INSUFFICIENT_STORAGE');
  });

  it('refuses a target folder that is not empty', async () => {
    const beside = new SqliteTarget({ kind: 'beside', folder }, { clock: systemClock });
    expect(await codeOf(beside.plan(NEEDS, options()))).to.equal('CONFLICT');
  });

  it('names a staged database whose bytes were spoiled', async () => {
    const restore = options();
    const { staging } = await stageFrom(source(), target(), restore);
    const staged = join(folder, `.tillvault-${restore.restoreId}/database/new`);
    const descriptor = openSync(staged, 'r+');
    writeSync(descriptor, 'X', 5000);
    closeSync(descriptor);
    expect(await codeOf(staging.check({}))).to.equal('DATA_CORRUPTED');
    await staging.discard();
    expect(existsSync(till)).to.equal(false);
  });

  it('refuses a staged database that SQLite finds damaged', async () => {
    const descriptor = openSync(saved, 'r+');
    writeSync(descriptor, Buffer.alloc(4096, 0xab), 0, 4096, 4096 * 9);
    closeSync(descriptor);
    const { staging } = await stageFrom(source(), target(), options());
    expect(await codeOf(staging.check({}))).to.equal('DATA_CORRUPTED');
    await staging.discard();
  });

  context('when an index of the backup holds another value than its table', () => {
    function spoilIndex() {
      const database = new DatabaseSync(saved, { defensive: false });
      database.exec(`
        CREATE TABLE item (name TEXT); CREATE INDEX item_name ON item (name); INSERT INTO item VALUES ('tea');
        PRAGMA writable_schema = ON;
        CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'item_name';
        DELETE FROM sqlite_schema WHERE name = 'item_name';`);
      database.close();
      const without = new DatabaseSync(saved, { defensive: false });
      without.exec(`
        UPDATE item SET name = 'coffee';
        PRAGMA writable_schema = ON;
        INSERT INTO sqlite_schema SELECT * FROM kept;`);
      without.close();
    }

    it('refuses to put it live', async () => {
      spoilIndex();
      const { staging } = await stageFrom(source(), target(), options());
      expect(await codeOf(staging.check({}))).to.equal('DATA_CORRUPTED');
      await staging.discard();
    });

    it('restores it beside the live data', async () => {
      spoilIndex();
      const folderBeside = join(folder, 'restored');
      const beside = new SqliteTarget({ kind: 'beside', folder: folderBeside }, { clock: systemClock });
      await copyComponent(source(), beside, options());
      const restored = new DatabaseSync(join(folderBeside, 'database/saved.db'));
      expect(restored.prepare('SELECT name FROM item NOT INDEXED').get()).to.deep.include({ name: 'coffee' });
      restored.close();
    });
  });

  it('restores a database that only the till’s own program can check in full, and says so', async () => {
    const database = new DatabaseSync(saved);
    database.function('till_fold', { deterministic: true }, (text) => String(text).toLowerCase());
    database.exec('CREATE TABLE item (name TEXT); CREATE INDEX folded ON item (till_fold(name))');
    database.exec("INSERT INTO item VALUES ('Tea')");
    database.close();
    const staging = await stage();
    expect(staging.notices?.join()).to.include('could not be checked in full by SQLite');
    await staging.prepare();
    await staging.swap();
    await staging.commit();
    expect(sha256(till)).to.equal(sha256(saved));
  });

  context('when the backup holds rows that refer to missing rows', () => {
    function orphan() {
      const database = new DatabaseSync(saved, { enableForeignKeyConstraints: false });
      database.exec(
        'CREATE TABLE refund (sale INTEGER REFERENCES sale(id)); INSERT INTO refund VALUES (999999)',
      );
      database.close();
    }

    it('puts it live all the same, and says so', async () => {
      orphan();
      const { notices, sizes } = await restoreLive();
      expect(notices).to.deep.equal([
        'Database "till.db": 1 row of table "refund" without the row of "sale" that it refers to; the till\'s database was like that when it was backed up',
      ]);
      expect(sizes).to.equal(1000);
    });

    async function restoreLive() {
      const staging = await stage();
      await staging.prepare();
      await staging.swap();
      await staging.commit();
      return { notices: staging.notices, sizes: sales(till) };
    }

    it('restores it beside the live data', async () => {
      orphan();
      const beside = new SqliteTarget(
        { kind: 'beside', folder: join(folder, 'restored') },
        { clock: systemClock },
      );
      await copyComponent(source(), beside, options());
      expect(sales(join(folder, 'restored/database/saved.db'))).to.equal(1000);
    });
  });
});
