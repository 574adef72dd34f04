import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { needs } from '../support/needs.js';
import { canMountForTests } from '../support/server-process.js';
import { makeFolder, removeFolder } from '../support/till-folder.js';

const PROGRAM = fileURLToPath(new URL('../support/mounted-till-program.js', import.meta.url));

describe('folders that are mount points', () => {
  let folder: string;

  before(function () {
    needs(this, canMountForTests(), 'permission to make a mount namespace');
  });
  beforeEach(async () => {
    folder = await makeFolder();
  });
  afterEach(() => removeFolder(folder));

  function run(action: string): { code: string | null; files: Record<string, string>; names: string[] } {
    const program = ['--map-root-user', '--mount', process.execPath, PROGRAM, folder, action];
    return JSON.parse(execFileSync('unshare', program, { encoding: 'utf8' }));
  }

  it('get the content of the backup and nothing else', () => {
    const { code, files, names } = run('restore');
    expect([code, names]).to.deep.equal([null, ['a', 'b', 'receipts']]);
    expect(files).to.deep.equal({ a: 'new a', b: 'new b', 'receipts/1': 'new 1' });
  });

  it('get their content back, also when that is done twice', () => {
    const { code, files, names } = run('undo');
    expect([code, names]).to.deep.equal([null, ['.tillvault-notes', 'a', 'c', 'receipts']]);
    expect(files).to.deep.equal({
      '.tillvault-notes/9': 'old note',
      a: 'old a',
      c: 'old c',
      'receipts/9': 'old 9',
    });
  });

  it('are added to without overwrite', () => {
    const { code, files } = run('add');
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

  it('are not moved with a folder above them', () => {
    expect(run('below').code).to.equal('SOURCE_UNAVAILABLE');
  });
});
