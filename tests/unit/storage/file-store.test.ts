import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MiB } from '../../../src/shared/bytes.js';
import { systemRandom } from '../../../src/shared/random.js';
import { FileStore } from '../../../src/storage/file-store.js';
import { expectCode } from '../../support/engine-till.js';
import { needs } from '../../support/needs.js';

/** The account that owns nothing. */
const NOBODY = 65_534;

const uniqueName = () => systemRandom.uuid().replaceAll('-', '');

describe('FileStore', () => {
  let folder: string;
  let root: string;
  let store: FileStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-store-'));
    root = join(folder, 'deep', 'repository');
    store = new FileStore(root, { uniqueName });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  describe('probe()', () => {
    it('fails when the folder is gone, and does not make it', async () => {
      await expectCode(store.probe(), 'SERVICE_UNAVAILABLE');
      expect(await readdir(folder)).to.deep.equal([]);
    });
  });

  it('gives files mode 0600 and folders 0700, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      await store.put('packs/ab/x', [Buffer.from('x')]);
    } finally {
      process.umask(before);
    }
    const modes = await Promise.all(
      [join(folder, 'deep'), root, join(root, 'tmp'), join(root, 'packs/ab'), join(root, 'packs/ab/x')].map(
        async (path) => (await stat(path)).mode & 0o7777,
      ),
    );
    expect(modes).to.deep.equal([0o700, 0o700, 0o700, 0o700, 0o600]);
  });

  it('leaves nothing in tmp, also when a key is taken', async () => {
    await store.put('config', [Buffer.from('x')], { ifAbsent: true });
    await expectCode(store.put('config', [Buffer.from('y')], { ifAbsent: true }), 'CONFLICT');
    expect(await readdir(join(root, 'tmp'))).to.deep.equal([]);
  });

  it('ignores what a dead writer left in tmp, and files with foreign names', async () => {
    await store.put('keys/a', [Buffer.from('x')]);
    await writeFile(join(root, 'tmp', uniqueName()), 'half');
    await writeFile(join(root, 'keys', '.nfs0001'), 'foreign');
    await writeFile(join(root, 'keys', 'Upper'), 'foreign');
    const keys: string[] = [];
    for await (const { key } of store.list('keys/')) keys.push(key);
    expect(keys).to.deep.equal(['keys/a']);
  });

  for (const key of ['../x', '/etc/passwd', 'a/../b', 'a//b', '', 'a/', 'A', 'a\0b', 'keys/.x', 'keys/a\n']) {
    it(`refuses the key ${JSON.stringify(key)}`, async () => {
      const attempts = await Promise.allSettled([
        store.put(key, []),
        store.get(key),
        store.getRange(key, 0, 1),
        store.delete(key),
      ]);
      expect(attempts.map(({ status }) => status)).to.deep.equal(Array(4).fill('rejected'));
    });
  }

  it('refuses to list outside its folder', async () => {
    const listing = store.list('../')[Symbol.asyncIterator]();
    const outcome = await listing.next().then(
      () => 'listed',
      () => 'refused',
    );
    expect(outcome).to.equal('refused');
  });

  it('does not follow a link', async () => {
    await writeFile(join(folder, 'secret'), 'secret');
    await mkdir(join(root, 'keys'), { recursive: true });
    await symlink(join(folder, 'secret'), join(root, 'keys', 'a'));
    await expectCode(store.get('keys/a'), 'SERVICE_UNAVAILABLE');
    const keys: string[] = [];
    for await (const { key } of store.list('keys/')) keys.push(key);
    expect(keys).to.deep.equal([]);
  });

  it('answers SERVICE_UNAVAILABLE when a file stands where a folder must be', async () => {
    await writeFile(join(folder, 'deep'), '');
    const error = await expectCode(store.put('keys/a', [Buffer.from('x')]), 'SERVICE_UNAVAILABLE');
    expect(error.message).not.to.include(folder);
  });

  it('answers SERVICE_UNAVAILABLE when the folder refuses writing', async () => {
    await mkdir(root, { recursive: true });
    await chmod(folder, 0o755);
    await chmod(root, 0o500);
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(NOBODY); // root writes everywhere
    try {
      await expectCode(store.put('keys/a', [Buffer.from('x')]), 'SERVICE_UNAVAILABLE');
    } finally {
      if (isRoot) process.seteuid?.(0);
      await chmod(root, 0o700);
    }
  });

  it('never shows half an object to a reader while it is replaced', async () => {
    await store.put('keys/a', [Buffer.alloc(300_000, 0)]);
    let writing = true;
    const writer = (async () => {
      for (let value = 1; value < 30; value++) await store.put('keys/a', [Buffer.alloc(300_000, value)]);
      writing = false;
    })();
    while (writing) {
      const bytes = await readFile(join(root, 'keys/a'));
      expect(bytes.equals(Buffer.alloc(300_000, bytes[0]))).to.equal(true);
    }
    await writer;
  });
});

describe('FileStore on a full disk', () => {
  let folder: string;
  let mount: string | null = null;

  beforeEach(async function () {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-full-'));
    const place = join(folder, 'small');
    await mkdir(place);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', place], { stdio: 'ignore' });
      mount = place;
    } catch {
      needs(this, false, 'the right to mount a small file system');
    }
  });
  afterEach(async () => {
    if (mount) execFileSync('umount', [mount]);
    mount = null;
    await rm(folder, { recursive: true, force: true });
  });

  it('answers INSUFFICIENT_STORAGE, keeps what was there and leaves no rest', async () => {
    const small = new FileStore(join(mount!, 'repository'), { uniqueName });
    await small.put('keys/a', [Buffer.from('kept')]);
    const error = await expectCode(
      small.put('packs/ab/x', [randomBytes(MiB), randomBytes(2 * MiB)]),
      'INSUFFICIENT_STORAGE',
    );
    expect(error.message).not.to.include(mount);
    expect((await small.get('keys/a')).toString()).to.equal('kept');
    expect(await readdir(join(mount!, 'repository', 'tmp'))).to.deep.equal([]);
    await expectCode(small.get('packs/ab/x'), 'NOT_FOUND');
    await small.put('packs/ab/y', [randomBytes(MiB)]);
  });
});
