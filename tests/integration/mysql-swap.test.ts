/** What happens to a MySQL till that goes on working while its database is exchanged, and to accounts that may not do all. */
import { expect } from 'chai';
import type { Connection } from 'mysql2/promise';
import type { Staging } from '../../src/engine/index.js';
import { systemClock } from '../../src/shared/clock.js';
import { createSources, type TillSettings } from '../../src/sources/create-sources.js';
import { DumpTarget } from '../../src/sources/dump-target.js';
import { MysqlPlace } from '../../src/sources/mysql-place.js';
import { parseServerAddress } from '../../src/sources/server-address.js';
import { stageFrom } from '../support/copy-component.js';
import { expectCode } from '../support/engine-till.js';
import { MysqlServer, quote } from '../support/mysql-server.js';
import { ServerTill } from '../support/server-till.js';

/** Tables with triggers and views, so that the swap takes a while. */
const BUSY = [
  'CREATE TABLE state (value VARCHAR(5))',
  "INSERT INTO state VALUES ('new')",
  ...Array.from({ length: 4 }, (_, at) => [
    `CREATE TABLE t${at} (a INT)`,
    `CREATE TRIGGER tr${at} BEFORE INSERT ON t${at} FOR EACH ROW SET NEW.a = 1`,
    `CREATE VIEW v${at} AS SELECT * FROM t${at}`,
  ]).flat(),
];

describe('swap of a MySQL database beside a working till', () => {
  let server: MysqlServer;
  let tills: ServerTill[] = [];
  let client: Connection | null = null;
  let runs = 0;

  before(async function () {
    server = await MysqlServer.open(this);
  });

  afterEach(async () => {
    client?.destroy();
    client = null;
    for (const till of tills) await till.close();
    tills = [];
    await server?.close();
  });

  async function open(database: string, account?: { user: string; password: string }): Promise<ServerTill> {
    const till = await ServerTill.open('mysql', server.url(database, account));
    tills.push(till);
    return till;
  }

  /** One that does not wait long. */
  function targetOf({ database, tempDir }: TillSettings): DumpTarget {
    const address = parseServerAddress('mysql', database.kind === 'sqlite' ? '' : database.url);
    const options = { programFolders: [], tempDir, lockAttempts: 2 };
    return new DumpTarget(address, (restoreId) => new MysqlPlace(address, restoreId, options));
  }

  /** The database as it is now, staged and checked; the caller swaps. */
  async function stage({ settings }: ServerTill, target = targetOf(settings)): Promise<Staging> {
    const source = createSources(settings, { clock: systemClock }).get('DATABASE')!;
    runs += 1;
    const { staging } = await stageFrom(source, target, { restoreId: `swap${runs}`, overwrite: true });
    await staging.check({});
    await staging.prepare();
    return staging;
  }

  async function createUser(
    database: string,
    ...more: string[]
  ): Promise<{ user: string; password: string }> {
    const user = await server.createUser('a password');
    const place = database.replaceAll('_', '\\_');
    await server.run(
      null,
      `GRANT ALL ON \`${place}%\`.* TO ${user}`,
      `GRANT SELECT ON mysql.proc TO ${user}`,
      ...more.map((grant) => `${grant} TO ${user}`),
    );
    return { user, password: 'a password' };
  }

  /** Makes tables with a row until `work` has ended. @returns those that were made in the old database */
  async function makeTablesDuring(database: string, work: () => Promise<void>): Promise<string[]> {
    const till = await server.connect(database);
    const made: string[] = [];
    let isOver = false;
    const making = (async () => {
      for (let at = 0; !isOver; at += 1) {
        try {
          await till.query(`CREATE TABLE extra${at} (a INT)`);
          await till.query(`INSERT INTO extra${at} VALUES (42)`);
          const [[row]] = (await till.query('SELECT value FROM state')) as unknown as [{ value: string }[]];
          if (row?.value === 'old') made.push(`extra${at}`);
        } catch {
          // the table moved while it was filled
        }
      }
    })();
    try {
      await work();
    } finally {
      isOver = true;
      await making;
      await till.end();
    }
    return made;
  }

  async function tablesIn(database: string): Promise<string[]> {
    const rows = await server.query<{ name: string }>(
      null,
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = '${database}' ORDER BY 1`,
    );
    return rows.map(({ name }) => name);
  }

  it('leaves no table in the restored database that the till made in the old one', async () => {
    const database = await server.create(BUSY);
    const staging = await stage(await open(database));
    await server.run(database, "UPDATE state SET value = 'old'");
    const made = await makeTablesDuring(database, () => staging.swap());
    await staging.commit();
    expect(made).not.to.deep.equal([]);
    const found = await tablesIn(database);
    expect(made.filter((table) => found.includes(table))).to.deep.equal([]);
    expect(await server.leftovers(database)).to.deep.equal([]);
  });

  it('gives back every table that the till made, when the swap is undone', async () => {
    const database = await server.create(BUSY);
    const staging = await stage(await open(database));
    await server.run(database, "UPDATE state SET value = 'old'");
    const made = await makeTablesDuring(database, async () => {
      await staging.swap();
      await staging.undo();
    });
    await staging.discard();
    const found = await tablesIn(database);
    expect(made).not.to.deep.equal([]);
    expect(made.filter((table) => !found.includes(table))).to.deep.equal([]);
    const [sum] = await server.query<{ rows: string }>(
      database,
      `SELECT ${made.map((table) => `(SELECT COUNT(*) FROM ${table})`).join(' + ')} AS \`rows\``,
    );
    expect(Number(sum!.rows)).to.equal(made.length);
    expect(await server.leftovers(database)).to.deep.equal([]);
  });

  it('keeps what the till made after the swap, when that is undone', async () => {
    const database = await server.create([...BUSY, 'CREATE TABLE gone (a INT)']);
    const staging = await stage(await open(database));
    await server.run(database, 'INSERT INTO gone VALUES (7)');
    await staging.swap();
    await server.run(
      database,
      'CREATE TABLE later (a INT)',
      'CREATE TRIGGER later_too BEFORE INSERT ON later FOR EACH ROW SET NEW.a = 5',
      'INSERT INTO later VALUES (1)',
      'CREATE VIEW later_view AS SELECT * FROM later',
    );
    await staging.undo();
    await staging.discard();
    expect(await server.query(database, 'SELECT a FROM later_view')).to.deep.equal([{ a: 5 }]);
    expect(await server.query(database, 'SELECT a FROM gone')).to.deep.equal([{ a: 7 }]);
    expect(await server.leftovers(database)).to.deep.equal([]);
  });

  it('goes back to tables that the till made again while they were hidden', async () => {
    const database = await server.create(BUSY);
    const staging = await stage(await open(database));
    await server.run(database, 'INSERT INTO t1 VALUES (9), (9)');
    await staging.swap();
    await server.run(database, 'DROP TABLE t1', 'CREATE TABLE t1 (a INT)');
    await staging.undo();
    await staging.discard();
    expect(await server.query(database, 'SELECT a FROM t1')).to.deep.equal([{ a: 1 }, { a: 1 }]);
    expect((await tablesIn(database)).filter((name) => name.startsWith('tillvault'))).to.deep.equal([]);
  });

  it('can be undone again after an undo that clients held up', async () => {
    const database = await server.create([...BUSY, 'CREATE TABLE held (a INT)']);
    const till = await open(database);
    const target = targetOf(till.settings);
    const staging = await stage(till, target);
    await server.run(database, "UPDATE state SET value = 'old'");
    const { plan } = await staging.prepare();
    await staging.swap();
    client = await server.connect(database);
    await client.query('START TRANSACTION');
    await client.query('SELECT * FROM held');
    await expectCode(target.undoSwap(plan), 'CONFLICT');
    await client.end();
    client = null;
    await target.undoSwap(plan);
    await target.undoSwap(plan);
    expect(await server.query(database, 'SELECT value FROM state')).to.deep.equal([{ value: 'old' }]);
    expect((await tablesIn(database)).length).to.equal(10);
    expect(await server.leftovers(database)).to.deep.equal([]);
  });

  it('takes nothing from the till while it waits for a transaction', async () => {
    const database = await server.create([...BUSY, 'CREATE TABLE held (a INT)']);
    const staging = await stage(await open(database));
    client = await server.connect(database);
    await client.query('START TRANSACTION');
    await client.query('SELECT * FROM held');
    const seller = await server.connect(database);
    let isOver = false;
    let sales = 0;
    const selling = (async () => {
      for (; !isOver; sales += 1) {
        await seller.query('INSERT INTO t1 VALUES (5)');
        await seller.query('SELECT * FROM v1 LIMIT 1');
      }
    })();
    const error = await expectCode(staging.swap(), 'CONFLICT');
    isOver = true;
    await selling; // rejects when a table or a view was missing for a moment
    await seller.end();
    expect(error.message).to.include('held by transactions of').and.include('close them');
    expect(sales).to.be.greaterThan(5);
    await staging.discard();
    expect(await server.leftovers(database)).to.deep.equal([]);
  });

  context("when the account may not make other users' code", () => {
    const CASES = {
      trigger: 'CREATE TRIGGER tr BEFORE INSERT ON sales FOR EACH ROW SET NEW.a = NEW.a + 1',
      procedure: 'CREATE PROCEDURE p() SELECT 1',
      event: "CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO DELETE FROM sales",
    };
    for (const [kind, statement] of Object.entries(CASES)) {
      it(`refuses in the plan to drop a ${kind}, and can when it may`, async () => {
        const database = await server.create(['CREATE TABLE sales (a INT)', 'INSERT INTO sales VALUES (1)']);
        const account = await createUser(database);
        const till = await open(database, account);
        const { snapshotId } = await till.backup();
        await server.run(database, statement);
        const phases = new Set<string>();
        const onProgress = ({ phase }: { phase: string }) => void phases.add(phase);
        const error = await expectCode(till.restore(snapshotId, {}, { onProgress }), 'SOURCE_UNAVAILABLE');
        expect(error.message).to.include(kind).and.include('GRANT SET USER');
        expect([...phases]).not.to.include('STAGING');
        await server.run(null, `GRANT SET USER ON *.* TO ${account.user}`);
        await till.restoreAndForget(snapshotId);
        expect(await tablesIn(database)).to.deep.equal(['sales']);
      });
    }

    it("brings back a view of somebody else's", async () => {
      const database = await server.create(['CREATE TABLE sales (a INT)', 'INSERT INTO sales VALUES (1)']);
      const till = await open(database, await createUser(database));
      const staging = await stage(till);
      await server.run(
        database,
        'CREATE DEFINER = root@localhost SQL SECURITY INVOKER VIEW v AS SELECT * FROM sales',
      );
      await staging.swap();
      await staging.undo();
      await staging.discard();
      expect(await server.query(database, 'SELECT * FROM v')).to.deep.equal([{ a: 1 }]);
    });

    it('proves what it drops before it takes anything, also what no list of privileges shows', async () => {
      const database = await server.create(['CREATE TABLE sales (a INT)']);
      const account = await createUser(database);
      const till = await open(database, account);
      const staging = await stage(till);
      await server.run(database, CASES.procedure, CASES.trigger); // after the last look of the plan
      const error = await expectCode(staging.swap(), 'SOURCE_UNAVAILABLE');
      expect(error.message).to.match(/live database's (procedure|trigger) "(p|tr)" could not be made again/);
      await staging.discard();
      await server.run(database, 'CALL p()');
      expect(await tablesIn(database)).to.deep.equal(['sales']);
      expect(await server.leftovers(database)).to.deep.equal([]);
    });

    it('says so at the backup, and at the restore into an empty server what is missing', async () => {
      const database = await server.create(['CREATE TABLE sales (a INT)', CASES.trigger]);
      const till = await open(database, await createUser(database));
      const { snapshotId, notices } = await till.backup();
      expect(notices.join()).to.include('trigger "tr" of root@').and.include('GRANT SET USER');
      await server.run(null, `DROP DATABASE ${quote(database)}`);
      const error = await expectCode(till.restore(snapshotId), 'SOURCE_UNAVAILABLE');
      expect(error.message).to.include('SET USER').and.not.include('CREATE');
    });
  });

  it('ends a client that reads what a restore made, and drops that within 2 s', async () => {
    const database = await server.create(['CREATE TABLE a (x INT)', 'INSERT INTO a VALUES (1)']);
    const staging = await stage(await open(database));
    const [fresh] = await server.leftovers(database);
    client = await server.connect(fresh!);
    client.on('error', () => {}); // it is going to be ended
    await client.query('START TRANSACTION');
    await client.query('SELECT * FROM a');
    const startedAt = performance.now();
    await staging.discard();
    expect(performance.now() - startedAt).to.be.lessThan(2_000);
    expect(await server.leftovers(database)).to.deep.equal([]);
  });
});
