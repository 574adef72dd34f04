import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { systemClock } from '../../src/shared/clock.js';
import { createSources, createTargets } from '../../src/sources/create-sources.js';
import { errorFrom, expectCode } from '../support/engine-till.js';
import { needs } from '../support/needs.js';
import { PostgresServer } from '../support/postgres-server.js';
import { findPrograms, watchPrograms } from '../support/process-list.js';
import { scaled } from '../support/scale.js';
import { ServerTill } from '../support/server-till.js';

const PASSWORD = 'geheim%word';

describe('pg_dump and pg_restore', () => {
  let server: PostgresServer;
  let till: ServerTill;
  let database: string;

  before(async function () {
    server = await PostgresServer.open(this);
  });

  beforeEach(async () => {
    database = await server.create(
      'CREATE TABLE big AS SELECT n, repeat(md5(n::text), 8) AS text FROM generate_series(1, 20000) n',
    );
    const user = await server.createRole(PASSWORD, 'SUPERUSER');
    till = await ServerTill.open(
      'postgresql',
      server.url(database, { user, password: encodeURIComponent(PASSWORD) }),
    );
  });

  afterEach(async () => {
    await till?.close();
    await server?.close();
  });

  const target = () =>
    createTargets(till.settings, { clock: systemClock, targetFolder: null }).get('DATABASE')!;

  /** Stages `bytes` as the dump. */
  async function load(bytes: Buffer): Promise<void> {
    const staging = await target().stage({ restoreId: 'bad', overwrite: true });
    try {
      const entry = { path: Buffer.from('x.dump'), mode: 0o600, mtimeNs: 0n, uid: 0, gid: 0 };
      const writer = (await staging.file(entry))!;
      try {
        for (let at = 0; at < bytes.length; at += 65_536) await writer.write(bytes.subarray(at, at + 65_536));
        const checksum = createHash('sha256').update(bytes).digest();
        await writer.close({ sizeBytes: bytes.length, checksum });
        await staging.finish();
      } catch (error) {
        await writer.abort();
        throw error;
      }
    } finally {
      await staging.discard();
    }
  }

  async function readDump(): Promise<Buffer> {
    const source = createSources(till.settings, { clock: systemClock }).get('DATABASE')!;
    const capture = await source.capture({});
    const parts: Buffer[] = [];
    for await (const entry of capture.entries()) {
      if (!entry.path.toString().endsWith('.dump')) continue;
      const reader = entry.kind === 'file' ? entry.open()! : expect.fail('a file');
      const buffer = Buffer.alloc(100_000);
      for (let count = await reader.read(buffer); count > 0; count = await reader.read(buffer)) {
        parts.push(Buffer.from(buffer.subarray(0, count)));
      }
      reader.close();
    }
    await capture.close();
    return Buffer.concat(parts);
  }

  it('shows the password in no process list', async () => {
    let snapshotId = '';
    const seen = await watchPrograms(
      till.backup().then(async (outcome) => {
        snapshotId = outcome.snapshotId;
        await till.restoreAndForget(snapshotId);
      }),
    );
    const lines = [...seen];
    expect(
      lines.filter((line) => line.includes('pg_dump')),
      'pg_dump',
    ).not.to.deep.equal([]);
    expect(
      lines.filter((line) => line.includes('pg_restore')),
      'pg_restore',
    ).not.to.deep.equal([]);
    expect(lines.filter((line) => line.includes('geheim'))).to.deep.equal([]);
  });

  it('refuses bytes that are no dump, and a dump that is cut off', async () => {
    const dump = await readDump();
    for (const bytes of [Buffer.from('no dump at all'), dump.subarray(0, dump.length / 2), Buffer.alloc(0)]) {
      await errorFrom(load(bytes));
      expect(await server.leftovers(database)).to.deep.equal([]);
    }
    await load(dump);
    expect(await server.leftovers(database)).to.deep.equal([]);
    expect(findPrograms('/pg_restore')).to.deep.equal([]);
  });

  it('stops within 2 s when it is cancelled while it waits for a lock', async () => {
    const client = await server.connect(database);
    await client.query('BEGIN; LOCK TABLE big IN ACCESS EXCLUSIVE MODE');
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 500);
    const startedAt = performance.now();
    await expectCode(till.backup({ signal: abort.signal }), 'CANCELLED');
    expect(performance.now() - startedAt).to.be.lessThan(2_500);
    expect(findPrograms('/pg_dump')).to.deep.equal([]);
    await client.end();
  });

  it('ends a backup loudly when the dump is cut off', async () => {
    const client = await server.connect(database);
    await client.query('BEGIN; LOCK TABLE big IN ACCESS EXCLUSIVE MODE');
    const failing = expectCode(till.backup(), 'SOURCE_UNAVAILABLE');
    const isWaiting = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'tillvault' AND datname = '${database}' AND wait_event_type = 'Lock'`;
    while ((await server.query('postgres', isWaiting)).length === 0) await wait(20);
    const error = await failing;
    expect(error.message).to.include('pg_dump').and.not.include('geheim');
    expect(await till.engine.listSnapshots()).to.deep.equal([]);
    await client.end();
  });

  it('says what is wrong with the way to the server', async () => {
    const cases: [string, RegExp][] = [
      ['postgresql://postgres@127.0.0.1:1/x', /nothing answers/],
      [server.url('no_such_database'), /no such database/],
      [server.url(database, { user: 'no_such_role', password: 'wrong-secret' }), /refuses the user/],
    ];
    for (const [url, expected] of cases) {
      const other = await ServerTill.open('postgresql', url);
      const error = await expectCode(other.backup(), 'SOURCE_UNAVAILABLE');
      expect(error.message).to.match(expected).and.not.include('wrong-secret');
      await other.close();
    }
  });

  it('captures one moment of a bank under load', async function () {
    this.timeout(scaled(30_000, 300_000));
    const address = new URL(server.url(database));
    const args = [
      '-h',
      address.hostname,
      '-p',
      address.port || '5432',
      '-U',
      decodeURIComponent(address.username),
    ];
    const initialised = await run('pgbench', [...args, '-q', '-i', '-s', String(scaled(1, 20)), database]);
    needs(this, initialised, 'pgbench on PATH');
    const bench = run('pgbench', [...args, '-n', '-c', '4', '-T', String(scaled(2, 30)), database]);
    await wait(300);
    const before = await countHistory();
    const { snapshotId } = await till.backup();
    const after = await countHistory();
    expect(await bench, 'pgbench went on').to.equal(true);
    await till.restoreAndForget(snapshotId);
    const [sums] = await server.query<Record<string, number>>(
      database,
      `SELECT (SELECT sum(abalance) FROM pgbench_accounts)::int AS accounts, (SELECT sum(tbalance) FROM pgbench_tellers)::int AS tellers,
              (SELECT sum(bbalance) FROM pgbench_branches)::int AS branches, (SELECT sum(delta) FROM pgbench_history)::int AS history,
              (SELECT count(*) FROM pgbench_accounts)::int AS rows`,
    );
    expect(sums!.tellers).to.equal(sums!.accounts);
    expect(sums!.branches).to.equal(sums!.accounts);
    expect(sums!.history).to.equal(sums!.accounts);
    expect(sums!.rows).to.equal(scaled(1, 20) * 100_000);
    expect(await countHistory()).to.be.within(before, after);
    expect(after).to.be.greaterThan(before);
  });

  async function countHistory(): Promise<number> {
    const [row] = await server.query<{ rows: number }>(
      database,
      'SELECT count(*)::int AS rows FROM pgbench_history',
    );
    return row!.rows;
  }
});

/** False when the program is not there, or fails. */
async function run(program: string, args: string[]): Promise<boolean> {
  const child = spawn(program, args, { stdio: 'ignore' });
  const [code] = await once(child, 'close').catch(() => [null]);
  return code === 0;
}
