import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { openMetadata } from '../../src/db/metadata.js';
import type { BackupOutcome } from '../../src/engine/index.js';
import { KiB } from '../../src/shared/bytes.js';
import { type DiskTill, openDiskTill } from '../support/disk-till.js';
import { backupRequest, PASSPHRASE } from '../support/engine-till.js';
import { readTree } from '../support/random-tree.js';
import { type CliResult, runCli } from '../support/run-cli.js';
import { createSeededBytes } from '../support/seeded-random.js';

const FIRST = 'aaaa1111-0000-4000-8000-000000000001';
const SECOND = 'aaaa2222-0000-4000-8000-000000000002';

describe('tillvault recover', function () {
  this.timeout(60_000);
  let folder: string;
  let till: DiskTill;
  let backups: BackupOutcome[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-recover-'));
    till = await openDiskTill(folder);
    makeDatabase(till.database, 3);
    await mkdir(join(till.files, 'receipts'), { recursive: true });
    const bytes = createSeededBytes('recover');
    for (let at = 1; at <= 5; at++) await writeFile(join(till.files, `receipts/${at}.txt`), bytes(700 * KiB));
    backups = [await backUp(FIRST, 'Before the update'), await backUp(SECOND, 'After the update')];
  });
  afterEach(() => rm(folder, { recursive: true }));

  function makeDatabase(path: string, sales: number): void {
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE sales (id INTEGER PRIMARY KEY)');
    for (let sale = 1; sale <= sales; sale++) database.exec(`INSERT INTO sales VALUES (${sale})`);
    database.close();
  }

  function countSales(path: string): unknown {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      return database.prepare('SELECT count(*) AS sales FROM sales').get()?.sales;
    } finally {
      database.close();
    }
  }

  function backUp(backupId: string, name: string): Promise<BackupOutcome> {
    const labels = { name, type: 'PARTIAL', createdAt: 1_700_000_000_000, retentionDays: 30 };
    return till.engine.backup(backupRequest(backupId, { components: ['DATABASE', 'FILES'], labels }), {});
  }

  function recover(words: readonly string[], env: Record<string, string> = {}): Promise<CliResult> {
    const settings = { STORAGE_URL: 'file:./repository', BACKUP_ENCRYPTION_KEY: PASSPHRASE };
    return runCli(['recover', ...words], { cwd: folder, env: { ...settings, ...env } });
  }

  /** Flips a byte in the largest object below `kind`. */
  async function damage(kind: string, at: number): Promise<void> {
    const root = join(folder, 'repository', kind);
    const paths = (await readdir(root, { recursive: true })).map((name) => join(root, name));
    const sizes = await Promise.all(paths.map(async (path) => ({ path, stats: await stat(path) })));
    const largest = sizes
      .filter(({ stats }) => stats.isFile())
      .sort((a, b) => b.stats.size - a.stats.size)[0]!;
    await chmod(largest.path, 0o600);
    const bytes = await readFile(largest.path);
    bytes[at]! ^= 1;
    await writeFile(largest.path, bytes);
  }

  describe('list', () => {
    it('shows every backup, newest first, with the server down and no metadata', async () => {
      const { status, stdout, stderr } = await recover(['list']);
      expect(stderr).to.equal('');
      expect(status).to.equal(0);
      const lines = stdout.trimEnd().split('\n');
      expect(lines).to.have.length(3);
      expect(lines[1]).to.include(SECOND).and.include('After the update').and.include('DATABASE,FILES');
      expect(lines[1]).to.include(backups[1]!.checksum.slice(0, 12));
      expect(lines[2]).to.include(FIRST);
    });

    it('prints JSON', async () => {
      const { stdout } = await recover(['list', '--json']);
      const listed = JSON.parse(stdout) as Record<string, unknown>[];
      expect(listed.map(({ id }) => id)).to.deep.equal([SECOND, FIRST]);
      const { snapshotId, checksum, sizeBytes, components } = backups[0]!;
      expect(listed[1]).to.deep.include({
        name: 'Before the update',
        snapshotId,
        checksum,
        sizeBytes,
        components,
      });
    });

    it('heals a damaged index from the packs', async () => {
      await damage('index', 100);
      const { status, stdout } = await recover(['verify', 'latest']);
      expect(status).to.equal(0);
      expect(stdout).to.include('sound');
    });

    it('leaves a damaged backup out, and says so', async () => {
      await damage('snapshots', 100);
      const { status, stdout, stderr } = await recover(['list']);
      expect(status).to.equal(0);
      expect(stdout.trimEnd().split('\n')).to.have.length(2);
      expect(stderr).to.match(/^Warning: Snapshot [0-9a-f]{64} is left out: .*\n$/);
    });
  });

  describe('the key and the storage', () => {
    it('takes the key from a file', async () => {
      await writeFile(join(folder, 'key'), `${PASSPHRASE}\n`);
      const { status } = await recover(['list', '--key-file', 'key'], { BACKUP_ENCRYPTION_KEY: '' });
      expect(status).to.equal(0);
    });

    it('takes the key that a server has made and kept', async () => {
      const made = await mkdtemp(join(folder, 'made-'));
      const env = { DATA_DIR: join(made, 'data'), BACKUP_ENCRYPTION_KEY: '' };
      await mkdir(env.DATA_DIR);
      await writeFile(join(env.DATA_DIR, 'backup-encryption-key'), `${'ab'.repeat(32)}\n`, { mode: 0o600 });
      const { status, stderr } = await recover(['list'], env);
      expect(status).to.equal(1);
      expect(stderr).to.match(/key/i).and.not.include('ab'.repeat(8));
    });

    it('says in one sentence that the key is wrong', async () => {
      const { status, stdout, stderr } = await recover(['list'], { BACKUP_ENCRYPTION_KEY: 'another key' });
      expect(status).to.equal(1);
      expect(stdout).to.equal('');
      expect(stderr.trim().split('\n')).to.have.length(1);
      expect(stderr).to.match(/key/i).and.not.include('another key');
    });

    it('asks for a key where there is none', async () => {
      const { status, stderr } = await recover(['list'], { BACKUP_ENCRYPTION_KEY: '' });
      expect(status).to.equal(1);
      expect(stderr).to.include('BACKUP_ENCRYPTION_KEY').and.include('--key-file');
    });

    it('makes no repository where there is none, and no key', async () => {
      const { status, stderr } = await recover(['list', '--storage', 'file:./elsewhere']);
      expect(status).to.equal(1);
      expect(stderr).to.include('no repository');
      expect(await readdir(folder))
        .not.to.include('elsewhere')
        .and.not.to.include('data');
    });

    it('is not stopped by what is wrong elsewhere in the environment', async () => {
      const { status } = await recover(['list'], { PORT: 'none', NODE_ENV: 'production', JWT_SECRET: 'x' });
      expect(status).to.equal(0);
    });
  });

  describe('verify', () => {
    it('reads every byte of every backup', async () => {
      const { status, stdout } = await recover(['verify', '--all']);
      expect(status).to.equal(0);
      expect(stdout.trimEnd().split('\n')).to.have.length(3);
      expect(stdout).to.match(/^Repository: every object is what was stored, \d+ objects/m);
      expect(stdout).to.include(`${FIRST} Before the update: sound, 6 files`);
    });

    it('names every damaged file and ends with status 1', async () => {
      await damage('packs', 1_500_000);
      const { status, stdout } = await recover(['verify', FIRST]);
      expect(status).to.equal(1);
      expect(stdout).to.match(/[12] files? (is|are) damaged/);
      expect(stdout).to.match(/^ {2}FILES files\/receipts\/\d\.txt: Block \d+ of pack /m);
    });

    it('counts a backup that cannot be listed as damage', async () => {
      await damage('snapshots', 100);
      const { status, stdout } = await recover(['verify', '--all']);
      expect(status).to.equal(1);
      expect(stdout).to.match(/^Snapshot [0-9a-f]{64}: damaged/m);
    });
  });

  describe('restore', () => {
    it('restores a backup to a folder', async () => {
      const { status, stdout, stderr } = await recover(['restore', 'latest', '--to', 'restored']);
      expect(stderr).to.equal('');
      expect(status).to.equal(0);
      expect(stdout).to.include('Restored 6 files');
      expect(readTree(join(folder, 'restored/files/files'))).to.deep.equal(readTree(till.files));
      expect(countSales(join(folder, 'restored/database/pos.db'))).to.equal(3);
    });

    it('restores one file by the beginning of an id', async () => {
      const path = 'files/receipts/2.txt';
      const { status } = await recover(['restore', 'aaaa1', '--to', 'restored', '--path', path]);
      expect(status).to.equal(0);
      expect(readTree(join(folder, 'restored')).map((entry) => entry.path)).to.deep.equal([
        '',
        'files',
        'files/files',
        'files/files/receipts',
        'files/files/receipts/2.txt',
      ]);
    });

    it('replaces nothing without --overwrite, and what has the name with it', async () => {
      await mkdir(join(folder, 'restored/files/files/receipts'), { recursive: true });
      await writeFile(join(folder, 'restored/files/files/receipts/2.txt'), 'mine');
      await writeFile(join(folder, 'restored/files/files/receipts/mine.txt'), 'mine');
      const words = ['restore', 'latest', '--to', 'restored', '--path', 'files/receipts/2.txt'];
      const refused = await recover(words);
      expect(refused.status).to.equal(1);
      expect(refused.stderr).to.include('not empty');
      expect((await recover([...words, '--overwrite'])).status).to.equal(0);
      const restored = (name: string) => readFile(join(folder, 'restored/files/files/receipts', name), 'hex');
      expect(await restored('2.txt')).to.equal(await readFile(join(till.files, 'receipts/2.txt'), 'hex'));
      expect(await restored('mine.txt')).to.equal(Buffer.from('mine').toString('hex'));
    });

    it('restores everything over an earlier restore with --overwrite', async () => {
      await recover(['restore', FIRST, '--to', 'restored']);
      await writeFile(join(folder, 'restored/files/files/extra'), 'extra');
      const { status, stderr } = await recover(['restore', SECOND, '--to', 'restored', '--overwrite']);
      expect(stderr).to.equal('');
      expect(status).to.equal(0);
      expect(readTree(join(folder, 'restored/files/files'))).to.deep.equal(readTree(till.files));
      expect(countSales(join(folder, 'restored/database/pos.db'))).to.equal(3);
    });

    it('restores the database into a database', async () => {
      const words = ['restore', 'latest', '--component', 'database', '--database', 'file:./other.db'];
      expect((await recover(words)).status).to.equal(0);
      expect(countSales(join(folder, 'other.db'))).to.equal(3);
      makeDatabase(join(folder, 'taken.db'), 7);
      const refused = await recover([...words.slice(0, -1), 'file:./taken.db']);
      expect(refused.status).to.equal(1);
      expect(countSales(join(folder, 'taken.db'))).to.equal(7);
      const env = { DATABASE_URL: 'file:./taken.db' };
      expect((await recover([...words.slice(0, -1), '--overwrite'], env)).status).to.equal(0);
      expect(countSales(join(folder, 'taken.db'))).to.equal(3);
    });

    for (const [what, words, expected] of [
      ['a path that the backup does not hold', ['latest', '--to', 'r', '--path', 'files/nope'], 'files/nope'],
      ['an id that begins two backups', ['aaaa', '--to', 'r'], SECOND],
      ['files without a folder', ['latest', '--database', 'file:./o.db', '--component', 'FILES'], '--to'],
      ['a component that is not there', ['latest', '--to', 'r', '--component', 'CACHE'], 'CACHE'],
    ] as const) {
      it(`refuses ${what} and writes nothing`, async () => {
        const before = await readdir(folder);
        const { status, stdout, stderr } = await recover(['restore', ...words]);
        expect(status).to.equal(1);
        expect(stdout).to.equal('');
        expect(stderr).to.include(expected);
        expect(await readdir(folder)).to.deep.equal(before);
      });
    }

    it('leaves nothing behind when a file is damaged', async () => {
      await damage('packs', 1_500_000);
      const before = await readdir(folder);
      const { status, stderr } = await recover(['restore', 'latest', '--to', 'restored']);
      expect(status).to.equal(1);
      expect(stderr).to.match(/File "files\/receipts\/\d\.txt" of component FILES is damaged/);
      expect(await readdir(folder)).to.deep.equal(before);
    });

    it('restores what is sound of a damaged backup when it is told to, and names the rest', async () => {
      await damage('packs', 1_500_000);
      const { status, stdout } = await recover(['restore', 'latest', '--to', 'restored', '--skip-damaged']);
      expect(status).to.equal(1);
      expect(stdout).to.match(/^files\/receipts\/\d\.txt is damaged and was left out/m);
      expect(countSales(join(folder, 'restored/database/pos.db'))).to.equal(3);
      const names = await readdir(join(folder, 'restored/files/files/receipts'));
      expect(names.length).to.be.within(3, 4);
      for (const name of names) {
        const restored = await readFile(join(folder, 'restored/files/files/receipts', name));
        expect(restored.equals(await readFile(join(till.files, 'receipts', name)))).to.equal(true);
      }
    });

    it('does not put what is left of a damaged backup into a database', async () => {
      const words = ['restore', 'latest', '--database', 'file:x.db', '--skip-damaged'];
      const { status, stderr } = await recover(words);
      expect([status, stderr.includes('only go to a folder')]).to.deep.equal([1, true]);
    });
  });

  describe('metadata', () => {
    it('adds what the metadata does not know, once', async () => {
      const first = await recover(['metadata']);
      expect(first.stderr).to.equal('');
      expect(first.stdout).to.equal('Added 2 backups to the metadata, which knew 0 already\n');
      expect((await recover(['metadata'])).stdout).to.include('Added 0 backups');
      const metadata = await openMetadata(`file:${join(folder, 'data/tillvault.db')}`);
      try {
        const backup = await metadata.backups.find(FIRST);
        expect(backup).to.include({ name: 'Before the update', status: 'COMPLETED', retentionDays: 30 });
        expect(backup).to.deep.include({
          checksum: backups[0]!.checksum,
          components: backups[0]!.components,
        });
      } finally {
        await metadata.close();
      }
    });
  });

  it('explains itself', async () => {
    for (const words of [['--help'], ['restore', '--help']]) {
      const { status, stdout } = await recover(words);
      expect(status).to.equal(0);
      expect(stdout).to.include('Examples:');
    }
  });
});
