/** What a MySQL dump holds, and what is told of one that does not load. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { systemClock } from '../../src/shared/clock.js';
import { createTargets } from '../../src/sources/create-sources.js';
import { withMysql } from '../../src/sources/mysql-client.js';
import { parseServerAddress } from '../../src/sources/server-address.js';
import { expectCode } from '../support/engine-till.js';
import { MysqlServer, quote } from '../support/mysql-server.js';
import { ServerTill } from '../support/server-till.js';

/** Made while the database had another default collation than it has now. */
const OLD_CODE = (database: string) => [
  `ALTER DATABASE ${quote(database)} CHARACTER SET latin1 COLLATE latin1_swedish_ci`,
  'CREATE TABLE t (a INT PRIMARY KEY, c VARCHAR(10))',
  "INSERT INTO t VALUES (1, 'x')",
  'CREATE PROCEDURE p(x VARCHAR(10)) SELECT x',
  'CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = NEW.a',
  "CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO DELETE FROM t",
  `ALTER DATABASE ${quote(database)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
];

describe('dump of a MySQL database', () => {
  let server: MysqlServer;
  let till: ServerTill | null = null;

  before(async function () {
    server = await MysqlServer.open(this);
  });

  afterEach(async () => {
    await till?.close();
    till = null;
    await server?.close();
  });

  async function open(database: string): Promise<ServerTill> {
    till = await ServerTill.open('mysql', server.url(database));
    return till;
  }

  /** Of the database, then of each of its objects. */
  async function collations(database: string): Promise<string[]> {
    const rows = await server.query<{ line: string }>(
      null,
      `SELECT default_collation_name AS line FROM information_schema.schemata WHERE schema_name = '${database}'
        UNION ALL SELECT CONCAT(routine_name, ' ', database_collation) FROM information_schema.routines WHERE routine_schema = '${database}'
        UNION ALL SELECT CONCAT(trigger_name, ' ', database_collation) FROM information_schema.triggers WHERE trigger_schema = '${database}'
        UNION ALL SELECT CONCAT(event_name, ' ', database_collation) FROM information_schema.events WHERE event_schema = '${database}'`,
    );
    return rows.map(({ line }) => line);
  }

  context('when code was made under another default collation', () => {
    const AS_MADE = [
      'utf8mb4_unicode_ci',
      'p latin1_swedish_ci',
      'tr latin1_swedish_ci',
      'e latin1_swedish_ci',
    ];

    it('does not touch the live database before the swap', async () => {
      const database = await server.create([]);
      await server.run(database, ...OLD_CODE(database));
      const { snapshotId } = await (await open(database)).backup();
      await server.run(null, `ALTER DATABASE ${quote(database)} COLLATE utf8mb4_bin`);
      const abort = new AbortController();
      const onProgress = ({ phase }: { phase: string }) => phase === 'CHECKING' && abort.abort();
      await expectCode(till!.restore(snapshotId, {}, { signal: abort.signal, onProgress }), 'CANCELLED');
      expect((await collations(database))[0]).to.equal('utf8mb4_bin');
    });

    it('restores it as it was made, over the live database and without one', async () => {
      const database = await server.create([]);
      await server.run(database, ...OLD_CODE(database));
      const { snapshotId } = await (await open(database)).backup();
      await till!.restoreAndForget(snapshotId);
      expect(await collations(database)).to.deep.equal(AS_MADE);
      await server.run(null, `DROP DATABASE ${quote(database)}`);
      await till!.restoreAndForget(snapshotId);
      expect(await collations(database)).to.deep.equal(AS_MADE);
    });
  });

  it('restores rows that violate a CHECK constraint, and keeps the constraint', async () => {
    const database = await server.create([
      'CREATE TABLE customers (id INT PRIMARY KEY)',
      'INSERT INTO customers VALUES (1)',
      'SET check_constraint_checks = 0',
      'ALTER TABLE customers ADD CONSTRAINT late CHECK (id > 5)',
    ]);
    const { snapshotId } = await (await open(database)).backup();
    await server.run(database, 'DELETE FROM customers');
    await till!.restoreAndForget(snapshotId);
    expect(await server.query(database, 'SELECT id FROM customers')).to.deep.equal([{ id: 1 }]);
    await server.run(database, 'INSERT INTO customers VALUES (2)').then(
      () => expect.fail('The constraint is gone'),
      (error: Error) => expect(error.message).to.include('late'),
    );
  });

  it('leaves a broken view out of the backup with a notice, and restores over one', async () => {
    const database = await server.create([
      'CREATE TABLE a (x INT)',
      'CREATE TABLE b (x INT)',
      'CREATE VIEW broken AS SELECT x FROM a',
      'CREATE VIEW sound AS SELECT x FROM b',
    ]);
    const whole = await (await open(database)).backup();
    await server.run(database, 'DROP TABLE a');
    const { snapshotId, notices } = await till!.backup();
    expect(notices.join()).to.include('Views broken refer to something that is not there');
    await till!.restoreAndForget(whole.snapshotId);
    expect(await server.query(database, 'SELECT * FROM broken')).to.deep.equal([]);
    await server.run(database, 'DROP TABLE a');
    await till!.restoreAndForget(snapshotId);
    expect(await server.query(database, 'SELECT * FROM sound')).to.deep.equal([]);
    expect(await server.leftovers(database)).to.deep.equal([]);
  });

  it('tells the error of a load, and neither the statement nor a row', async () => {
    const { settings } = await open(await server.create([]));
    const target = createTargets(settings, { clock: systemClock, targetFolder: null }).get('DATABASE')!;
    const insert = "INSERT INTO c VALUES (1,'Jane Customer','4111 1111 1111 1111')";
    const cases = [
      [
        'CREATE TABLE c (id INT PRIMARY KEY, n VARCHAR(50), k VARCHAR(5))',
        /ERROR 1406 .*Data too long for column 'k'/,
      ],
      [
        'CREATE TABLE c (id INT, n VARCHAR(50) UNIQUE, k TEXT)',
        /ERROR 1062 .*Duplicate entry '…' for key 'n'/,
      ],
      ['CREATE TABLE c (id INT, n INT, k TEXT)', /ERROR 1366 .*'…'/],
    ] as const;
    for (const [table, expected] of cases) {
      const staging = await target.stage({ restoreId: 'bad', overwrite: true });
      const entry = { path: Buffer.from('x.sql'), mode: 0o600, mtimeNs: 0n, uid: 0, gid: 0 };
      const writer = (await staging.file(entry))!;
      const bytes = Buffer.from(`SET sql_mode = 'STRICT_ALL_TABLES';\n${table};\n${insert};\n${insert};\n`);
      const checksum = createHash('sha256').update(bytes).digest();
      const loaded = writer.write(bytes).then(() => writer.close({ sizeBytes: bytes.length, checksum }));
      const { message } = await expectCode(loaded, 'SOURCE_UNAVAILABLE');
      await staging.discard();
      expect(message)
        .to.match(expected)
        .and.not.match(/Jane|4111|INSERT/);
    }
  });

  it("works in a mode of its own, whatever the server's default is", async () => {
    const database = await server.create(['CREATE TABLE a (x INT)']);
    const address = parseServerAddress('mysql', server.url(database));
    const [row] = await withMysql(address, database, (session) =>
      session.rows<{ mode: string }>('SELECT @@SESSION.sql_mode AS mode'),
    );
    expect(row!.mode).to.equal('STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION');
  });
});
