import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { MiB } from '../../src/shared/bytes.js';
import { needs } from '../support/needs.js';
import { canMountForTests, ServerProcess } from '../support/server-process.js';

/** Path, mode and SHA-256 of every file below `folder`. */
async function fingerprint(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mode } = await stat(path);
    const content = entry.isFile()
      ? createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
      : '';
    found[path.slice(folder.length)] = `${mode.toString(8)} ${content}`;
  }
  return found;
}

function salesIn(path: string): unknown {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare('SELECT count(*) AS count, sum(total) AS total FROM sales').get();
  } finally {
    database.close();
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe('The whole server', function () {
  this.timeout(60_000);

  it('brings back a till that was lost, byte for byte', async () => {
    await using server = await ServerProcess.start();
    const before = await fingerprint(server.path('files'));
    const sales = salesIn(server.path('prisma/dev.db'));
    const backup = await server.backUp();
    expect(backup).to.include({ status: 'COMPLETED', fileCount: 43 });
    for (const lost of ['files', 'config', 'cache', 'prisma'])
      await rm(server.path(lost), { recursive: true });
    const restore = await server.restore({ backupId: backup.id, overwrite: true });
    expect(restore).to.include({ status: 'COMPLETED', validated: true, restoredFiles: 43, skippedFiles: 0 });
    expect(await fingerprint(server.path('files'))).to.deep.equal(before);
    expect(salesIn(server.path('prisma/dev.db'))).to.deep.equal(sales);
  });

  it('restores beside the live data and leaves it alone', async () => {
    await using server = await ServerProcess.start();
    const backup = await server.backUp();
    await writeFile(server.path('config/pos.json'), 'changed since');
    const restore = await server.restore({ backupId: backup.id, targetPath: 'look/here' });
    expect(restore).to.include({ status: 'COMPLETED', restoredFiles: 43 });
    expect(await readFile(server.path('config/pos.json'), 'utf8')).to.equal('changed since');
    expect(await readFile(server.path('restore/look/here/config/config/pos.json'), 'utf8')).to.equal(
      '{"till":1}\n',
    );
  });

  it('stores next to nothing when nothing changed, and lists both backups', async () => {
    await using server = await ServerProcess.start();
    await server.backUp();
    const second = await server.backUp({ name: 'second' });
    expect(second).to.include({ status: 'COMPLETED', storedBytes: 0 });
    const { data } = await server.query(
      '{ backups(sort: {field: NAME, direction: DESC}) { items { name } summary { completed } } }',
    );
    expect(data?.backups?.summary).to.deep.equal({ completed: 2 });
  });

  it('writes files of mode 0600 in folders of mode 0700 and keeps secrets out of what it says', async () => {
    await using server = await ServerProcess.start({ settings: { LOG_LEVEL: 'trace' } });
    await server.backUp();
    for (const folder of ['data', 'backups']) {
      expect((await stat(server.path(folder))).mode & 0o777, folder).to.equal(0o700);
      for (const file of await filesBelow(server.path(folder))) {
        expect((await stat(file)).mode & 0o777, file).to.equal(0o600);
      }
    }
    expect(server.output).not.to.contain('an encryption key of the tests').and.not.to.contain('eyJ');
  });

  it('keeps its backups and their list over a restart, also when the metadata is lost', async () => {
    await using server = await ServerProcess.start();
    const backup = await server.backUp({ name: 'kept' });
    expect(await server.stop()).to.equal(0);
    await rm(server.path('data'), { recursive: true });
    await server.start();
    const { data } = await server.query('query ($id: ID!) { backup(id: $id) { name status checksum } }', {
      id: backup.id,
    });
    expect(data?.backup).to.deep.equal({ name: 'kept', status: 'COMPLETED', checksum: backup.checksum });
  });

  context('when the database file is missing', () => {
    it('ends the backup FAILED, saying so, and a backup of the rest succeeds', async () => {
      await using server = await ServerProcess.start();
      await rm(server.path('prisma/dev.db'));
      const failed = await server.backUp();
      expect(failed).to.include({ status: 'FAILED' });
      expect(failed.error).to.deep.include({ code: 'SOURCE_UNAVAILABLE' });
      expect(JSON.stringify(failed.error)).not.to.contain(server.folder);
      expect(await server.backUp({ type: 'PARTIAL', components: ['FILES'] })).to.include({
        status: 'COMPLETED',
      });
    });
  });

  context('when a folder cannot be read', () => {
    it('ends the backup FAILED, naming the folder', async () => {
      await using server = await ServerProcess.start({ isUnprivileged: true });
      await chmod(server.path('files/receipts'), 0);
      const failed = await server.backUp();
      expect(failed).to.include({ status: 'FAILED' });
      expect(failed.error).to.deep.include({ code: 'SOURCE_UNAVAILABLE' });
      expect(JSON.stringify(failed.error)).to.contain('files/receipts').and.not.to.contain(server.folder);
    });
  });

  context('when the storage is full', () => {
    it('ends the backup FAILED with INSUFFICIENT_STORAGE, gives the space back, and goes on', async function () {
      needs(this, canMountForTests(), 'a mount namespace (unshare --map-root-user --mount)');
      await using server = await ServerProcess.start({ storageBytes: 4 * MiB });
      const first = await server.backUp();
      await writeFile(server.path('files/film'), randomBytes(9 * MiB));
      const failed = await server.backUp();
      expect(failed).to.include({ status: 'FAILED' });
      expect(failed.error).to.deep.include({ code: 'INSUFFICIENT_STORAGE' });
      await rm(server.path('files/film'));
      await writeFile(server.path('files/photo'), randomBytes(2 * MiB));
      expect(await server.backUp()).to.include({ status: 'COMPLETED' });
      expect(await server.restore({ backupId: first.id, validateOnly: true })).to.include({
        status: 'COMPLETED',
        validated: true,
      });
    });
  });

  context('when another server is started over the same DATA_DIR', () => {
    it('refuses the other one, which changes nothing', async () => {
      await using server = await ServerProcess.start();
      await writeFile(server.path('files/film'), randomBytes(60 * MiB));
      const backup = server.backUp();
      const { status, output } = await server.startBeside();
      expect(status).to.equal(1);
      expect(output).to.contain('Another Tillvault server uses this DATA_DIR');
      expect(await backup).to.include({ status: 'COMPLETED' });
    });
  });

  context('when the encryption key is not the one of the repository', () => {
    it('refuses to start, and says that the key is wrong', async () => {
      await using server = await ServerProcess.start();
      await server.backUp();
      await server.stop();
      const { status, output } = await server.startRefused({
        BACKUP_ENCRYPTION_KEY: 'another key of the tests',
      });
      expect(status).to.equal(1);
      expect(output).to.contain('BACKUP_ENCRYPTION_KEY does not open this repository');
    });
  });

  context('when the storage is empty although backups are known', () => {
    it('refuses to start rather than begin a new repository', async () => {
      await using server = await ServerProcess.start();
      await server.backUp();
      await server.stop();
      await rm(server.path('backups'), { recursive: true });
      await mkdir(server.path('backups'));
      const { status, output } = await server.startRefused();
      expect(status).to.equal(1);
      expect(output).to.contain('check that the storage is mounted');
      expect(await readdir(server.path('backups'))).to.deep.equal([]);
    });
  });

  context('when stored data is damaged', () => {
    it('ends the restore FAILED, names the file that it would have spoiled, and touches nothing', async () => {
      await using server = await ServerProcess.start();
      const backup = await server.backUp({ type: 'PARTIAL', components: ['FILES'] });
      for (const pack of await filesBelow(server.path('backups/packs'))) {
        const bytes = await readFile(pack);
        bytes[100]! ^= 1;
        await writeFile(pack, bytes);
      }
      await writeFile(server.path('files/receipts/2025/1.txt'), 'live');
      const restore = await server.restore({ backupId: backup.id, overwrite: true });
      expect(restore).to.include({ status: 'FAILED', validated: false });
      expect(restore.error).to.deep.include({ code: 'DATA_CORRUPTED' });
      expect(await readFile(server.path('files/receipts/2025/1.txt'), 'utf8')).to.equal('live');
      expect(await readdir(server.folder)).not.to.satisfy((names: string[]) =>
        names.some((name) => name.startsWith('.tillvault')),
      );
    });
  });

  context('when it is told to stop while a backup runs', () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      it(`ends with status 0 on ${signal}, and no operation is left running`, async () => {
        await using server = await ServerProcess.start();
        await server.backUp();
        await server.query('mutation { createBackup(input: {name: "last"}) { backup { id } } }');
        expect(await server.stop(signal)).to.equal(0);
        await server.start();
        const again = await server.backUp({ name: 'next' });
        expect(again).to.include({ status: 'COMPLETED' });
        const { data } = await server.query('{ backups { summary { running completed } } }');
        expect(data?.backups?.summary).to.deep.equal({ running: 0, completed: 3 });
      });
    }
  });
});
