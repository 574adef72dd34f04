import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { systemClock } from '../../src/shared/clock.js';
import { createTargets } from '../../src/sources/create-sources.js';
import { expectCode } from '../support/engine-till.js';
import { MysqlServer, quote } from '../support/mysql-server.js';
import { findPrograms, watchPrograms } from '../support/process-list.js';
import { scaled } from '../support/scale.js';
import { ServerTill } from '../support/server-till.js';

const PASSWORD = 'geheim%word"\\#';

describe('mariadb-dump and mariadb', () => {
  let server: MysqlServer;
  let till: ServerTill;
  let database: string;

  before(async function () {
    server = await MysqlServer.open(this);
  });

  beforeEach(async () => {
    database = await server.create([
      'CREATE TABLE accounts (id INT PRIMARY KEY, balance BIGINT NOT NULL)',
      'INSERT INTO accounts SELECT seq, 1000 FROM seq_1_to_1000',
      'CREATE TABLE moves (id BIGINT AUTO_INCREMENT PRIMARY KEY, source INT, target INT, amount INT)',
      'CREATE TABLE big AS SELECT seq AS id, REPEAT(MD5(seq), 8) AS text FROM seq_1_to_20000',
    ]);
    const user = await server.createUser(PASSWORD);
    await server.run(null, `GRANT ALL ON *.* TO ${user}`);
    till = await ServerTill.open('mysql', server.url(database, { user, password: PASSWORD }));
  });

  afterEach(async () => {
    await till?.close();
    await server?.close();
  });

  it('shows the password in no process list and leaves it in no file', async () => {
    const seen = await watchPrograms(
      till.backup().then(async ({ snapshotId }) => {
        await till.restoreAndForget(snapshotId);
      }),
    );
    const lines = [...seen].filter((line) => line.includes(database));
    expect(
      lines.filter((line) => line.includes('dump')),
      'dump',
    ).not.to.deep.equal([]);
    expect(
      lines.filter((line) => line.includes('--binary-mode')),
      'load',
    ).not.to.deep.equal([]);
    expect([...seen].filter((line) => line.includes('geheim'))).to.deep.equal([]);
    expect(await till.temporaryFiles()).to.deep.equal([]);
  });

  it('stores almost nothing when nothing or one row changed', async () => {
    const first = await till.backup();
    const second = await till.backup();
    await server.run(database, 'UPDATE accounts SET balance = 999 WHERE id = 500');
    const third = await till.backup();
    expect(first.sizeBytes).to.be.greaterThan(5_000_000);
    expect(second.storedBytes).to.be.lessThan(5_000);
    expect(third.storedBytes).to.be.lessThan(100_000);
  });

  it('stops within 2 s when it is cancelled while it waits for a lock', async () => {
    const client = await server.connect(database);
    await client.query('LOCK TABLES big WRITE');
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 500);
    const startedAt = performance.now();
    await expectCode(till.backup({ signal: abort.signal }), 'CANCELLED');
    expect(performance.now() - startedAt).to.be.lessThan(2_500);
    expect(findPrograms(database)).to.deep.equal([]);
    await client.end();
  });

  it('stops at the first statement that fails, and runs no command of its own', async () => {
    const target = createTargets(till.settings, { clock: systemClock, targetFolder: null }).get('DATABASE')!;
    for (const text of ['CREATE TABLE a (id INT);\nNO SQL;\n', '\\! touch /tmp/tillvault-was-here\n']) {
      const staging = await target.stage({ restoreId: 'bad', overwrite: true });
      const entry = { path: Buffer.from('x.sql'), mode: 0o600, mtimeNs: 0n, uid: 0, gid: 0 };
      const writer = (await staging.file(entry))!;
      const bytes = Buffer.from(text);
      const checksum = createHash('sha256').update(bytes).digest();
      const loaded = writer.write(bytes).then(() => writer.close({ sizeBytes: bytes.length, checksum }));
      await expectCode(loaded, 'SOURCE_UNAVAILABLE');
      await staging.discard();
      expect(await server.leftovers(database)).to.deep.equal([]);
    }
    expect(findPrograms(database)).to.deep.equal([]);
  });

  it('captures one moment of a bank under load', async function () {
    this.timeout(scaled(30_000, 300_000));
    const stop = new AbortController();
    const clients = [1, 2, 3].map((seed) => transfer(seed, stop.signal));
    const before = await countMoves();
    const { snapshotId } = await till.backup();
    const after = await countMoves();
    stop.abort();
    await Promise.all(clients);
    await till.restoreAndForget(snapshotId);
    const [sums] = await server.query<Record<string, string>>(
      database,
      `SELECT (SELECT SUM(balance) FROM accounts) AS total, (SELECT COUNT(*) FROM accounts) AS accounts,
              (SELECT COUNT(*) FROM accounts a WHERE balance <> 1000
                 + (SELECT COALESCE(SUM(amount), 0) FROM moves WHERE target = a.id)
                 - (SELECT COALESCE(SUM(amount), 0) FROM moves WHERE source = a.id)) AS wrong`,
    );
    expect(Number(sums!.total)).to.equal(1_000_000);
    expect(Number(sums!.wrong)).to.equal(0);
    expect(await countMoves()).to.be.within(before, after);
    expect(after).to.be.greaterThan(before);
  });

  /** Moves money between accounts until told to stop, one transaction a move. */
  async function transfer(seed: number, signal: AbortSignal): Promise<void> {
    const client = await server.connect(database);
    for (let at = seed; !signal.aborted; at += 3) {
      const source = 1 + ((at * 7919) % 499); // always below the target: no deadlocks
      const target = 501 + ((at * 104_729) % 499);
      await client.query('START TRANSACTION');
      await client.query('UPDATE accounts SET balance = balance - 1 WHERE id = ?', [source]);
      await client.query('INSERT INTO moves (source, target, amount) VALUES (?, ?, 1)', [source, target]);
      await client.query('UPDATE accounts SET balance = balance + 1 WHERE id = ?', [target]);
      await client.query('COMMIT');
    }
    await client.end();
  }

  async function countMoves(): Promise<number> {
    const [row] = await server.query<{ moves: number | string }>(
      null,
      `SELECT COUNT(*) AS moves FROM ${quote(database)}.moves`,
    );
    return Number(row!.moves);
  }
});
