import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { expectCode } from '../support/engine-till.js';
import { MysqlServer, quote } from '../support/mysql-server.js';
import { MYSQL_FINGERPRINT, MYSQL_TILL } from '../support/mysql-till-schema.js';
import { ServerTill } from '../support/server-till.js';

describe('MySQL and MariaDB backup and restore', () => {
  let server: MysqlServer;
  let till: ServerTill;
  let database: string;

  before(async function () {
    server = await MysqlServer.open(this);
  });

  beforeEach(async () => {
    database = await server.create(MYSQL_TILL, 'tv ü');
    till = await ServerTill.open('mysql', server.url(database));
  });

  afterEach(async () => {
    await till?.close();
    await server?.close();
  });

  async function fingerprint(): Promise<string[]> {
    const rows = await server.query<{ line: string }>(database, MYSQL_FINGERPRINT);
    return rows.map(({ line }) => line).sort();
  }

  async function expectUntouched(before: string[]): Promise<void> {
    expect(await fingerprint()).to.deep.equal(before);
    expect(await server.leftovers(database)).to.deep.equal([]);
    expect([...till.journal.entries.keys()]).to.deep.equal([]);
    expect(await till.temporaryFiles()).to.deep.equal([]);
  }

  it('brings everything back as it was', async () => {
    const before = await fingerprint();
    const { snapshotId, notices } = await till.backup();
    await server.run(
      database,
      'DROP EVENT nightly',
      'DROP VIEW aa_best',
      'DROP TABLE days',
      'DROP FUNCTION tax',
      'DELETE FROM customers WHERE id > 3',
      'CREATE TABLE later (id INT)',
      'CREATE TRIGGER later_too BEFORE INSERT ON later FOR EACH ROW SET NEW.id = 1',
    );
    await till.restoreAndForget(snapshotId);
    await expectUntouched(before);
    expect(notices).to.deep.equal([]);
    await server.run(database, 'CALL sell(3, 10)');
    const [last] = await server.query<{ total: string }>(
      database,
      'SELECT total FROM sales ORDER BY id DESC LIMIT 1',
    );
    expect(last?.total).to.equal('11.00');
  });

  it('restores a database that is gone', async () => {
    const before = await fingerprint();
    const { snapshotId } = await till.backup();
    await server.run(null, `DROP DATABASE ${quote(database)}`);
    await till.restoreAndForget(snapshotId, { overwrite: false });
    expect(await fingerprint()).to.deep.equal(before);
    expect(await server.leftovers(database)).to.deep.equal([]);
  });

  it('dumps the same data to the same bytes after a restore', async () => {
    const { snapshotId, components } = await till.backup();
    await till.restoreAndForget(snapshotId);
    const again = await till.backup();
    expect(again.components[0]?.sizeBytes).to.equal(components[0]?.sizeBytes);
    expect(again.storedBytes).to.be.lessThan(5_000);
  });

  it('says which tables have no transactions', async () => {
    await server.run(database, 'CREATE TABLE old_style (id INT) ENGINE = MyISAM');
    const { notices } = await till.backup();
    expect(notices.join()).to.include('old_style (MyISAM)');
  });

  it('writes the dump as files when it restores beside the live data', async () => {
    const { snapshotId } = await till.backup();
    await till.restoreAndForget(snapshotId, { targetFolder: `${till.folder}/beside` });
    const folder = `${till.folder}/beside/database`;
    expect(readdirSync(folder).sort()).to.deep.equal([`${database}.sql`, `${database}.sql.events`]);
    expect(readFileSync(`${folder}/${database}.sql`, 'utf8')).to.include('Dump completed');
  });

  context('when a restore cannot be done', () => {
    let before: string[];
    let snapshotId: string;

    async function backUpThenChange(): Promise<void> {
      ({ snapshotId } = await till.backup());
      await server.run(database, 'DELETE FROM audit');
      before = await fingerprint();
    }

    it('refuses to overwrite tables without being told to', async () => {
      await backUpThenChange();
      await expectCode(till.restore(snapshotId, { overwrite: false }), 'CONFLICT');
      await expectUntouched(before);
    });

    it('leaves the old database when it is cancelled in each phase', async () => {
      await backUpThenChange();
      for (const phase of ['STAGING', 'CHECKING', 'SWAPPING'] as const) {
        const abort = new AbortController();
        const options = {
          signal: abort.signal,
          onProgress: (update: { phase: string }) => update.phase === phase && abort.abort(),
        };
        await expectCode(till.restore(snapshotId, {}, options), 'CANCELLED');
        await expectUntouched(before);
      }
    });

    it('gives up within 2 s when it is cancelled while it waits for a transaction', async () => {
      await backUpThenChange();
      const client = await server.connect(database);
      await client.query('START TRANSACTION');
      await client.query('UPDATE sales SET total = 1 WHERE id = 1');
      const abort = new AbortController();
      const onProgress = ({ phase }: { phase: string }) => {
        if (phase === 'SWAPPING') setTimeout(() => abort.abort(), 500);
      };
      const startedAt = performance.now();
      await expectCode(till.restore(snapshotId, {}, { signal: abort.signal, onProgress }), 'CANCELLED');
      expect(performance.now() - startedAt).to.be.lessThan(5_000);
      await client.query('ROLLBACK');
      await client.end();
      await expectUntouched(before);
    });

    it('refuses while another schema refers to it by a foreign key', async () => {
      await backUpThenChange();
      const other = await server.create([
        `CREATE TABLE t (c INT, FOREIGN KEY (c) REFERENCES ${quote(database)}.customers (id))`,
      ]);
      const error = await expectCode(till.restore(snapshotId), 'CONFLICT');
      expect(error.message).to.include(`${other}.t`);
      await server.run(null, `DROP DATABASE ${quote(other)}`);
      await expectUntouched(before);
    });

    it('says which privileges are missing', async () => {
      await backUpThenChange();
      const password = 'se cret"\'\\ü#;';
      const user = await server.createUser(password);
      await server.run(
        null,
        `GRANT ALL ON ${quote(database)}.* TO ${user}`,
        `GRANT SELECT ON mysql.proc TO ${user}`,
      );
      const limited = await ServerTill.open('mysql', server.url(database, { user, password }));
      const own = await limited.backup();
      const error = await expectCode(limited.restore(own.snapshotId), 'SOURCE_UNAVAILABLE');
      expect(error.message).to.include('GRANT ALL ON').and.not.include('se cret');
      await server.run(
        null,
        `GRANT ALL ON \`${database.replaceAll('_', '\\_')}\\_tillvault\\_%\`.* TO ${user}`,
        `GRANT SET USER ON *.* TO ${user}`,
      );
      await limited.restoreAndForget(own.snapshotId);
      await limited.close();
      await expectUntouched(before);
    });
  });

  it('says what is wrong with the way to the server', async () => {
    const user = await server.createUser('right');
    const cases: [string, RegExp][] = [
      [server.url(database, { user, password: 'wrong-secret' }), /password in DATABASE_URL is wrong/],
      [server.url('no_such_database'), /no such database/],
      ['mysql://root@127.0.0.1:1/x', /nothing answers/],
    ];
    for (const [url, expected] of cases) {
      const other = await ServerTill.open('mysql', url);
      const error = await expectCode(other.backup(), 'SOURCE_UNAVAILABLE');
      expect(error.message).to.match(expected).and.not.include('wrong-secret');
      await other.close();
    }
  });
});
