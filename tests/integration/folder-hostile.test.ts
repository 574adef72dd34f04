import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { FileEntry, RestoredDirectory, RestoredFile, SourceEntry } from '../../src/engine/index.js';
import { systemClock } from '../../src/shared/clock.js';
import { AppError } from '../../src/shared/errors.js';
import { FolderSource } from '../../src/sources/folder-source.js';
import { FolderTarget } from '../../src/sources/folder-target.js';
import { copyComponent, stageFrom } from '../support/copy-component.js';
import { makeFolder, removeFolder } from '../support/till-folder.js';

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'none';
}

const METADATA = { mode: 0o755, mtimeNs: 0n, uid: 0, gid: 0 };

function directory(path: string): RestoredDirectory {
  return { path: Buffer.from(path), ...METADATA };
}

function file(path: string): RestoredFile {
  return { path: Buffer.from(path), ...METADATA };
}

describe('folders with hostile content', () => {
  let folder: string;
  let files: string;

  beforeEach(async () => {
    folder = await makeFolder();
    files = join(folder, 'files');
    mkdirSync(files);
  });

  afterEach(() => removeFolder(folder));

  function source(): FolderSource {
    return new FolderSource('FILES', [{ label: 'files', path: files }], { clock: systemClock });
  }

  function target(path = files): FolderTarget {
    return new FolderTarget('FILES', { kind: 'live', roots: [{ label: 'files', path }] });
  }

  function options(overwrite = true) {
    return { restoreId: randomUUID(), overwrite };
  }

  async function capture(use: (entry: SourceEntry) => void = () => undefined) {
    const capture = await source().capture({});
    const paths: string[] = [];
    for await (const entry of capture.entries()) {
      paths.push(entry.path.toString());
      use(entry);
    }
    await capture.close();
    return { paths, notices: capture.notices };
  }

  describe('FolderSource', () => {
    it('leaves out sockets and pipes with a notice each', async () => {
      execFileSync('mkfifo', [join(files, 'pipe')]);
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(join(files, 'socket'), resolve));
      const { paths, notices } = await capture();
      await new Promise((resolve) => server.close(resolve));
      expect(paths).to.deep.equal(['files']);
      expect(notices).to.have.length(2);
    });

    it('captures links that form a loop as links', async () => {
      symlinkSync('b', join(files, 'a'));
      symlinkSync('a', join(files, 'b'));
      symlinkSync('.', join(files, 'here'));
      expect((await capture()).paths).to.deep.equal(['files', 'files/a', 'files/b', 'files/here']);
    });

    it('follows a root that is a link', async () => {
      writeFileSync(join(files, 'a'), 'a');
      symlinkSync('files', join(folder, 'link'));
      files = join(folder, 'link');
      expect((await capture()).paths).to.deep.equal(['files', 'files/a']);
    });

    it('notes an absent root', async () => {
      rmSync(files, { recursive: true });
      const { paths, notices } = await capture();
      expect(paths).to.deep.equal([]);
      expect(notices).to.have.length(1);
    });

    it('leaves out staging folders of restores', async () => {
      mkdirSync(join(files, `.tillvault-${randomUUID()}`));
      expect((await capture()).paths).to.deep.equal(['files']);
    });

    it('takes folders of the till that are only named alike', async () => {
      mkdirSync(join(files, '.tillvault-notes'));
      expect((await capture()).paths).to.deep.equal(['files', 'files/.tillvault-notes']);
    });

    it('does not follow a link that takes the place of a file before it is read', async () => {
      writeFileSync(join(folder, 'secret'), 'secret');
      writeFileSync(join(files, 'a'), 'a');
      let reader: unknown;
      await capture((entry) => {
        if (entry.kind !== 'file') return;
        rmSync(join(files, 'a'));
        symlinkSync('../secret', join(files, 'a'));
        reader = entry.open();
      });
      expect(reader).to.equal(null);
    });

    it('does not wait for a pipe that takes the place of a file', async () => {
      writeFileSync(join(files, 'a'), 'a');
      let reader: unknown;
      await capture((entry) => {
        if (entry.kind !== 'file') return;
        rmSync(join(files, 'a'));
        execFileSync('mkfifo', [join(files, 'a')]);
        reader = entry.open();
      });
      expect(reader).to.equal(null);
    });

    it('stays in the folder that it opened when a link takes its place', async () => {
      mkdirSync(join(files, 'sub'));
      writeFileSync(join(files, 'sub/a'), 'ours');
      mkdirSync(join(folder, 'elsewhere'));
      writeFileSync(join(folder, 'elsewhere/a'), 'secret');
      let content = '';
      await capture((entry) => {
        if (entry.path.toString() === 'files/sub') {
          renameSync(join(files, 'sub'), join(folder, 'moved'));
          symlinkSync('../elsewhere', join(files, 'sub'));
        }
        if (entry.kind === 'file') content = readAll(entry);
      });
      expect(content).to.equal('ours');
    });

    it('tells that a file grew while it was read', async () => {
      writeFileSync(join(files, 'a'), 'a');
      let hasChanged: boolean | undefined;
      await capture((entry) => {
        if (entry.kind !== 'file') return;
        const reader = entry.open()!;
        reader.read(Buffer.alloc(10));
        appendFileSync(join(files, 'a'), 'more');
        hasChanged = reader.hasChanged();
        reader.close();
      });
      expect(hasChanged).to.equal(true);
    });

    it('goes on when a file vanishes before it is read', async () => {
      writeFileSync(join(files, 'a'), 'a');
      let reader: unknown = 'none';
      await capture((entry) => {
        if (entry.kind !== 'file') return;
        rmSync(join(files, 'a'));
        reader = entry.open();
      });
      expect(reader).to.equal(null);
    });

    it('names a folder that it may not read', function () {
      if (process.getuid?.() !== 0) this.skip();
      chmodSync(folder, 0o755);
      mkdirSync(join(files, 'closed'), { mode: 0o700 });
      const program = fileURLToPath(new URL('../support/scan-as-user-program.js', import.meta.url));
      const { stdout } = spawnSync(process.execPath, [program, files, '65534'], { encoding: 'utf8' });
      const found = JSON.parse(stdout) as { code: string; message: string };
      expect(found.code).to.equal('SOURCE_UNAVAILABLE');
      expect(found.message).to.include('files/closed').and.not.include(folder);
    });
  });

  describe('FolderTarget', () => {
    it('gives files their owner as root', async function () {
      if (process.getuid?.() !== 0) this.skip();
      writeFileSync(join(files, 'a'), 'a');
      chownSync(join(files, 'a'), 1234, 4321);
      await copyComponent(source(), target(join(folder, 'copy')), options());
      expect(statSync(join(folder, 'copy/a'))).to.include({ uid: 1234, gid: 4321 });
    });

    it('says of how many entries it could not set the owner', function () {
      if (process.getuid?.() !== 0) this.skip();
      chmodSync(folder, 0o777);
      const program = fileURLToPath(new URL('../support/restore-as-user-program.js', import.meta.url));
      const stdout = execFileSync(process.execPath, [program, folder, '65534'], { encoding: 'utf8' });
      const { notices, uid, mode } = JSON.parse(stdout) as { notices: string[]; uid: number; mode: number };
      expect([uid, mode]).to.deep.equal([65534, 0o755]);
      expect(notices).to.have.length(1);
      expect(notices[0]).to.include('"files"').and.to.include('2 times');
    });

    it('replaces what is below a root that is a link and keeps the link', async () => {
      writeFileSync(join(files, 'a'), 'a');
      mkdirSync(join(folder, 'real'));
      writeFileSync(join(folder, 'real/old'), 'old');
      symlinkSync('real', join(folder, 'link'));
      await copyComponent(source(), target(join(folder, 'link')), options());
      expect(readlinkSync(join(folder, 'link'))).to.equal('real');
      expect(readdirSync(join(folder, 'real'))).to.deep.equal(['a']);
    });

    it('never writes through a link that the backup holds', async () => {
      mkdirSync(join(folder, 'outside'));
      const staging = await target(join(folder, 'copy')).stage(options());
      await staging.directory(directory('files'));
      await staging.symlink({ ...file('files/a'), target: Buffer.from(join(folder, 'outside')) });
      expect(await codeOf(staging.file(file('files/a/b')))).to.equal('DATA_CORRUPTED');
      expect(await codeOf(staging.file(file('files/a')))).to.equal('CONFLICT');
      await staging.discard();
      expect(readdirSync(join(folder, 'outside'))).to.deep.equal([]);
      expect(readdirSync(folder).sort()).to.deep.equal(['files', 'outside']);
    });

    it('skips what lies below a live link with overwrite false', async () => {
      mkdirSync(join(files, 'sub'));
      writeFileSync(join(files, 'sub/a'), 'a');
      mkdirSync(join(folder, 'live'));
      mkdirSync(join(folder, 'outside'));
      symlinkSync('../outside', join(folder, 'live/sub'));
      const { skipped } = await copyComponent(source(), target(join(folder, 'live')), options(false));
      expect(skipped).to.equal(1);
      expect(readdirSync(join(folder, 'outside'))).to.deep.equal([]);
    });

    it('refuses entries of a root that is not configured', async () => {
      const staging = await target().stage(options());
      expect(await codeOf(staging.directory(directory('other')))).to.equal('CONFLICT');
      await staging.discard();
    });

    it('names a staged file whose bytes were spoiled and leaves the live place alone', async () => {
      writeFileSync(join(files, 'a'), 'good');
      const restore = options();
      const { staging } = await stageFrom(source(), target(), restore);
      const descriptor = openSync(join(folder, `.tillvault-${restore.restoreId}/files-0/new/a`), 'r+');
      writeSync(descriptor, 'bad!');
      closeSync(descriptor);
      expect(await codeOf(staging.check({}))).to.equal('DATA_CORRUPTED');
      await staging.discard();
      expect(readFileSync(join(files, 'a'), 'utf8')).to.equal('good');
      expect(readdirSync(folder)).to.deep.equal(['files']);
    });

    it('brings every root back when one of them cannot be swapped', async () => {
      mkdirSync(join(folder, 'till/sub'), { recursive: true });
      writeFileSync(join(folder, 'till/one'), 'live');
      writeFileSync(join(folder, 'one'), 'saved');
      writeFileSync(join(folder, 'two'), 'saved');
      const roots = (at: string) => ['one', 'two'].map((label) => ({ label, path: join(folder, at, label) }));
      const two = new FolderSource('FILES', roots(''), { clock: systemClock });
      const restore = options();
      const { staging } = await stageFrom(
        two,
        new FolderTarget('FILES', { kind: 'live', roots: roots('till') }),
        restore,
      );
      rmSync(join(folder, `till/.tillvault-${restore.restoreId}/files-1/new`));
      await staging.prepare();
      expect(await codeOf(staging.swap())).to.equal('SOURCE_UNAVAILABLE');
      await staging.discard();
      expect(readFileSync(join(folder, 'till/one'), 'utf8')).to.equal('live');
      expect(existsSync(join(folder, 'till/two'))).to.equal(false);
    });

    it('brings back what was there after a swap', async () => {
      writeFileSync(join(files, 'a'), 'saved');
      const { staging } = await stageFrom(source(), target(), options());
      writeFileSync(join(files, 'a'), 'live');
      writeFileSync(join(files, 'b'), 'live');
      await staging.prepare();
      await staging.swap();
      expect(readdirSync(files)).to.deep.equal(['a']);
      await staging.undo();
      await staging.discard();
      expect(readFileSync(join(files, 'a'), 'utf8')).to.equal('live');
      expect(readdirSync(folder)).to.deep.equal(['files']);
      expect(readdirSync(files)).to.deep.equal(['a', 'b']);
    });

    it('restores beside the live data under the name of the component', async () => {
      writeFileSync(join(files, 'a'), 'a');
      const beside = new FolderTarget('FILES', { kind: 'beside', folder: join(folder, 'restore/one') });
      await copyComponent(source(), beside, options(false));
      expect(readFileSync(join(folder, 'restore/one/files/files/a'), 'utf8')).to.equal('a');
      expect(statSync(join(folder, 'restore/one/files')).mode & 0o777).to.equal(0o700);
      expect(readdirSync(folder).sort()).to.deep.equal(['files', 'restore']);
    });

    it('refuses a target folder that is not empty', async () => {
      const beside = new FolderTarget('FILES', { kind: 'beside', folder });
      expect(await codeOf(beside.plan({ totalBytes: 1, totalFiles: 1 }, options()))).to.equal('CONFLICT');
    });

    it('refuses a restore that does not fit', async () => {
      const needs = { totalBytes: 2 ** 52, totalFiles: 1 };
      expect(await codeOf(target().plan(needs, options()))).to.equal('INSUFFICIENT_STORAGE');
    });
  });
});

function readAll(entry: FileEntry): string {
  const reader = entry.open()!;
  const buffer = Buffer.alloc(100);
  const count = reader.read(buffer) as number; // a file answers at once
  reader.close();
  return buffer.toString('utf8', 0, count);
}
