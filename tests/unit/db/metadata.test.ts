import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { openMetadata } from '../../../src/db/metadata.js';
import { makeQueuedBackup } from '../../support/backup-records.js';
import { errorFrom } from '../../support/engine-till.js';
import { codeOf } from '../../support/service-kit.js';

describe('openMetadata()', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-metadata-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes the folder 0700 and every file 0600', async () => {
    const data = join(folder, 'a', 'data');
    const metadata = await openMetadata(`file:${join(data, 'metadata.db')}`);
    await metadata.backups.insert(makeQueuedBackup());
    const names = await readdir(data);
    expect(names).to.have.members(['metadata.db', 'metadata.db-wal', 'metadata.db-shm']);
    for (const name of names) expect((await stat(join(data, name))).mode & 0o777).to.equal(0o600);
    expect((await stat(data)).mode & 0o777).to.equal(0o700);
    await metadata.close();
  });

  for (const name of ['with space', '100% #1 ?', 'Касса é', "it's"]) {
    it(`opens a file in a folder named '${name}'`, async () => {
      const path = join(folder, name, 'metadata.db');
      const metadata = await openMetadata(`file:${path}`);
      await metadata.backups.insert(makeQueuedBackup());
      await metadata.close();
      expect((await stat(path)).size).to.be.greaterThan(0);
      expect((await readdir(folder)).length).to.equal(1);
    });
  }

  it('keeps what it holds when it is opened again', async () => {
    const url = `file:${join(folder, 'metadata.db')}`;
    const first = await openMetadata(url);
    await first.backups.insert(makeQueuedBackup());
    await first.close();
    const second = await openMetadata(url);
    expect((await second.backups.listStates()).length).to.equal(1);
    await second.close();
  });

  it('says what to do about a file that is damaged', async () => {
    const path = join(folder, 'metadata.db');
    const metadata = await openMetadata(`file:${path}`);
    await metadata.close();
    const whole = await readFile(path);
    for (const content of [Buffer.alloc(9_000, 'garbage'), Buffer.from(whole).fill('x', 16)]) {
      for (const end of ['-wal', '-shm']) await rm(path + end, { force: true });
      await writeFile(path, content);
      const error = await errorFrom(openMetadata(`file:${path}`));
      expect(error.code).to.equal('SERVICE_UNAVAILABLE');
      expect(error.message).to.include('move its file away');
    }
  });

  it('keeps one connection, however many transactions there are', async () => {
    const metadata = await openMetadata(`file:${join(folder, 'metadata.db')}`);
    await metadata.backups.insert(makeQueuedBackup());
    const countHandles = async () => (await readdir('/proc/self/fd')).length;
    const before = await countHandles();
    for (let time = 0; time < 200; time++) {
      await metadata.backups.update('backup-1', ['QUEUED'], { status: 'QUEUED' });
    }
    expect(await countHandles()).to.be.at.most(before + 2);
    await metadata.close();
  });

  it('waits for another process that writes, also in a transaction', async () => {
    const path = join(folder, 'metadata.db');
    const metadata = await openMetadata(`file:${path}`);
    await metadata.backups.insert(makeQueuedBackup());
    const other = new DatabaseSync(path);
    expect(other.prepare('PRAGMA journal_mode').get()).to.deep.include({ journal_mode: 'wal' });
    other.close();
    expect(await metadata.backups.update('backup-1', ['QUEUED'], { status: 'RUNNING' })).not.to.equal(null);
    await metadata.close();
  });

  it('refuses a file that is no database', async () => {
    const path = join(folder, 'metadata.db');
    await writeFile(path, 'This is not a database, it is a letter to a friend. '.repeat(100));
    expect(await codeOf(openMetadata(`file:${path}`))).to.equal('SERVICE_UNAVAILABLE');
  });

  it('refuses another kind of URL', async () => {
    expect(await codeOf(openMetadata('mysql://localhost/till'))).to.equal('BAD_USER_INPUT');
  });

  it('answers ping() while it is open', async () => {
    const metadata = await openMetadata(`file:${join(folder, 'metadata.db')}`);
    await metadata.ping();
    await metadata.close();
    await metadata.close();
  });
});
