import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { needs } from '../support/needs.js';
import { canMountForTests } from '../support/server-process.js';
import { makeFolder, removeFolder } from '../support/till-folder.js';

const PROGRAM = fileURLToPath(new URL('../support/mounted-till-program.js', import.meta.url));

interface Outcome {
  code: string | null;
  files: Record<string, string>;
  names: string[];
  /** What is in the folder above. */
  beside: string[];
}

async function run(action: string): Promise<Outcome> {
  const folder = await makeFolder();
  try {
    const program = ['--map-root-user', '--mount', process.execPath, PROGRAM, folder, action];
    return JSON.parse(execFileSync('unshare', program, { encoding: 'utf8' }));
  } finally {
    await removeFolder(folder);
  }
}

describe('folders that are mount points', () => {
  before(function () {
    needs(this, canMountForTests(), 'permission to make a mount namespace');
  });

  it('get the content of the backup and nothing else', async () => {
    const { code, files, names } = await run('restore');
    expect([code, names]).to.deep.equal([null, ['a', 'b', 'receipts']]);
    expect(files).to.deep.equal({ a: 'new a', b: 'new b', 'receipts/1': 'new 1' });
  });

  it('get their content back, also when that is done twice', async () => {
    const { code, files, names } = await run('undo');
    expect([code, names]).to.deep.equal([null, ['.tillvault-notes', 'a', 'c', 'receipts']]);
    expect(files).to.deep.equal({
      '.tillvault-notes/9': 'old note',
      a: 'old a',
      c: 'old c',
      'receipts/9': 'old 9',
    });
  });

  it('are added to without overwrite', async () => {
    const { code, files } = await run('add');
    expect(code).to.equal(null);
    expect(files).to.deep.equal({
      '.tillvault-notes/9': 'old note',
      a: 'old a',
      b: 'new b',
      c: 'old c',
      'receipts/1': 'new 1',
      'receipts/9': 'old 9',
    });
  });

  it('are not moved with a folder above them', async () => {
    expect((await run('below')).code).to.equal('SOURCE_UNAVAILABLE');
  });
});

describe('folders on the file system of a container', () => {
  before(function () {
    if (canMountOverlay()) return;
    process.stdout.write('      skipped: this system does not let an overlay file system be mounted\n');
    this.skip();
  });

  for (const action of ['image', 'sealed']) {
    it(`are refused before anything is staged when they cannot be moved (${action})`, async () => {
      const { code, files, beside } = await run(action);
      expect([code, beside]).to.deep.equal(['SOURCE_UNAVAILABLE', ['till']]);
      expect(files).to.deep.equal({ a: 'old a' });
    });
  }

  it('are replaced when they were made in the container', async () => {
    const { code, files, beside } = await run('own');
    expect([code, beside]).to.deep.equal([null, ['till']]);
    expect(files).to.deep.equal({ a: 'new a', b: 'new b', 'receipts/1': 'new 1' });
  });
});

function canMountOverlay(): boolean {
  const script =
    'mount -t tmpfs tmpfs /mnt && cd /mnt && mkdir a b c d && mount -t overlay o -o lowerdir=a,upperdir=b,workdir=c,userxattr d';
  return spawnSync('unshare', ['--map-root-user', '--mount', 'sh', '-c', script]).status === 0;
}
