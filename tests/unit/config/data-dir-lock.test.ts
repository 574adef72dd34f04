import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { lockDataDir } from '../../../src/config/data-dir-lock.js';
import { makeFolder, removeFolder } from '../../support/till-folder.js';

describe('lockDataDir()', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await makeFolder();
  });
  afterEach(() => removeFolder(folder));

  it('lets one holder in at a time', () => {
    const dataDir = join(folder, 'data');
    const first = lockDataDir(dataDir);
    expect(() => lockDataDir(dataDir))
      .to.throw()
      .with.property('code', 'CONFLICT');
    first.release();
    first.release();
    lockDataDir(dataDir).release();
  });

  it('makes a private folder and file', async () => {
    const dataDir = join(folder, 'data');
    lockDataDir(dataDir).release();
    expect((await stat(dataDir)).mode & 0o777).to.equal(0o700);
    expect((await stat(join(dataDir, 'server.lock'))).mode & 0o777).to.equal(0o600);
  });

  it('refuses a place that is no folder', () => {
    expect(() => lockDataDir('/dev/null/data'))
      .to.throw()
      .with.property('code', 'SOURCE_UNAVAILABLE');
  });
});
