import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import type { Context } from 'mocha';
import { systemClock } from '../../src/shared/clock.js';
import { createTargets } from '../../src/sources/create-sources.js';
import { type DiskTill, openDiskTill } from '../support/disk-till.js';
import { backupRequest, errorFrom } from '../support/engine-till.js';
import { MysqlServer } from '../support/mysql-server.js';
import { PostgresServer } from '../support/postgres-server.js';
import { makeSalesDatabase } from '../support/selling-writer.js';
import { ServerTill } from '../support/server-till.js';
import { makeFolder, removeFolder } from '../support/till-folder.js';

describe('restore test', () => {
  let folder: string;
  let till: DiskTill;

  beforeEach(async () => {
    folder = await makeFolder();
    makeSalesDatabase(join(folder, 'pos.db'), { journalMode: 'WAL', sales: 321 });
    mkdirSync(join(folder, 'files/receipts'), { recursive: true });
    for (let receipt = 1; receipt <= 20; receipt++) {
      writeFileSync(join(folder, `files/receipts/${receipt}`), `receipt ${receipt}`);
    }
    till = await openDiskTill(folder);
  });
  afterEach(async () => {
    await till.engine.close();
    await removeFolder(folder);
  });

  const backUp = () => till.engine.backup(backupRequest('b-1', { components: ['DATABASE', 'FILES'] }), {});
  const test = (snapshotId: string, signal?: AbortSignal) =>
    till.engine.testRestore({ testId: 't-1', snapshotId }, signal ? { signal } : {});

  it('counts what was restored, table by table, and leaves nothing behind', async () => {
    const { snapshotId } = await backUp();
    const { components } = await test(snapshotId);
    const [database, files] = components;
    expect(database).to.include({ component: 'DATABASE', files: 1 });
    expect(database?.tables).to.deep.include({ name: 'sale', rows: 321 });
    expect(files).to.include({ component: 'FILES', files: 20 });
    expect(readdirSync(join(folder, 'temp'))).to.deep.equal([]);
  });

  it('does not touch the till', async () => {
    const { snapshotId } = await backUp();
    writeFileSync(join(folder, 'files/receipts/1'), 'changed since');
    const inodes = readdirSync(join(folder, 'files/receipts'));
    await test(snapshotId);
    expect(readFileSync(join(folder, 'files/receipts/1'), 'utf8')).to.equal('changed since');
    expect(readdirSync(join(folder, 'files/receipts'))).to.deep.equal(inodes);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).to.deep.equal([]);
  });

  it('finds a database that was broken before it was backed up', async () => {
    const path = join(folder, 'pos.db');
    const database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = DELETE');
    database.close();
    const bytes = readFileSync(path);
    bytes.fill(0x55, bytes.length - 4_096);
    writeFileSync(path, bytes);
    const { snapshotId } = await backUp();
    expect((await errorFrom(test(snapshotId))).code).to.equal('DATA_CORRUPTED');
    expect(readdirSync(join(folder, 'temp'))).to.deep.equal([]);
  });

  it('names rows that refer to missing rows, and passes', async () => {
    const database = new DatabaseSync(join(folder, 'pos.db'), { enableForeignKeyConstraints: false });
    database.exec('CREATE TABLE refund (sale INTEGER REFERENCES sale(id)); INSERT INTO refund VALUES (9999)');
    database.close();
    const { snapshotId } = await backUp();
    const { components } = await test(snapshotId);
    expect(components[0]?.findings.join('\n')).to.include('1 row of table "refund"');
  });

  it('finds damage in the repository', async () => {
    const { snapshotId } = await backUp();
    const packs = join(folder, 'repository/packs');
    for (const name of readdirSync(packs, { recursive: true }).map(String)) {
      if (name.length < 60) continue;
      const bytes = readFileSync(join(packs, name));
      bytes.fill(0, 50, 100);
      writeFileSync(join(packs, name), bytes);
    }
    expect((await errorFrom(test(snapshotId))).code).to.equal('DATA_CORRUPTED');
  });

  it('removes what it made when it is cancelled', async () => {
    const { snapshotId } = await backUp();
    const controller = new AbortController();
    const ended = till.engine.testRestore(
      { testId: 't-1', snapshotId },
      {
        signal: controller.signal,
        onProgress: ({ processedBytes }) => processedBytes > 0 && controller.abort(),
      },
    );
    expect((await errorFrom(ended)).code).to.equal('CANCELLED');
    expect(existsSync(join(folder, 'temp')) ? readdirSync(join(folder, 'temp')) : []).to.deep.equal([]);
  });
});

const SERVERS = {
  postgresql: {
    open: (test: Context) => PostgresServer.open(test),
    fill: (server: PostgresServer | MysqlServer) =>
      (server as PostgresServer).create(
        'CREATE TABLE sales (id int); INSERT INTO sales SELECT generate_series(1, 77)',
      ),
  },
  mysql: {
    open: (test: Context) => MysqlServer.open(test),
    fill: (server: PostgresServer | MysqlServer) =>
      (server as MysqlServer).create([
        'CREATE TABLE sales (id int)',
        `INSERT INTO sales VALUES ${Array(77).fill('(1)').join(', ')}`,
      ]),
  },
};

for (const kind of ['postgresql', 'mysql'] as const) {
  describe(`restore test of a ${kind} database`, () => {
    let server: PostgresServer | MysqlServer;
    let till: ServerTill;
    let database: string;

    before(async function () {
      server = await SERVERS[kind].open(this);
    });
    beforeEach(async () => {
      database = await SERVERS[kind].fill(server);
      till = await ServerTill.open(kind, server.url(database));
    });
    afterEach(async () => {
      await till?.close();
      await server?.close();
    });

    it('loads a fresh database beside the live one, counts it and drops it', async () => {
      const { snapshotId } = await till.backup();
      const { components } = await till.engine.testRestore({ testId: 't-1', snapshotId }, {});
      expect(components[0]?.tables.map(({ rows }) => rows)).to.deep.equal([77]);
      expect(await server.leftovers(database)).to.deep.equal([]);
    });

    it('drops what a dead test left when that is acknowledged', async () => {
      const { snapshotId } = await till.backup();
      const target = createTargets(till.settings, { clock: systemClock, targetFolder: null }).get(
        'DATABASE',
      )!;
      await target.stage({ restoreId: 't-1', overwrite: true });
      expect(await server.leftovers(database)).to.have.lengthOf(1);
      await till.forget('t-1');
      expect(await server.leftovers(database)).to.deep.equal([]);
      await till.engine.testRestore({ testId: 't-1', snapshotId }, {});
    });
  });
}
