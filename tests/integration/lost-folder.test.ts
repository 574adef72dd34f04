import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import type { BackupRequest } from '../../src/engine/index.js';
import { openDiskTill } from '../support/disk-till.js';
import { backupRequest, expectCode, restoreRequest } from '../support/engine-till.js';

describe('a folder that is not there any more', () => {
  let folder: string;
  let files: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-lost-'));
    files = join(folder, 'files');
    await mkdir(files);
    const database = new DatabaseSync(join(folder, 'pos.db'));
    database.exec('CREATE TABLE sales (id INTEGER PRIMARY KEY)');
    database.close();
  });
  afterEach(() => rm(folder, { recursive: true }));

  const request = (id: string, changes: Partial<BackupRequest> = {}) =>
    backupRequest(id, { components: ['DATABASE', 'FILES'], ...changes });

  for (const encrypt of [true, false]) {
    it(`fails the backup when the last one has files of it; encrypted now: ${encrypt}`, async () => {
      await writeFile(join(files, 'receipt.txt'), '1');
      const { engine } = await openDiskTill(folder);
      await engine.backup(request('one'), {});
      await rm(files, { recursive: true });
      const error = await expectCode(engine.backup(request('two', { encrypt }), {}), 'SOURCE_UNAVAILABLE');
      expect(error.message).to.contain('"files" is not there').and.contain('leave FILES out');
      expect((await engine.listSnapshots()).length).to.equal(1);
      const rest = await engine.backup(request('rest', { components: ['DATABASE'] }), {});
      expect(rest.components.length).to.equal(1);
    });
  }

  it('is a notice when there was nothing in it', async () => {
    const { engine } = await openDiskTill(folder);
    await engine.backup(request('one'), {});
    await rm(files, { recursive: true });
    const { notices } = await engine.backup(request('two'), {});
    expect(notices).to.deep.equal(['"files" is not there, nothing of it was captured']);
  });

  it('is a notice in the first backup, and goes by the latest of the others', async () => {
    await writeFile(join(files, 'receipt.txt'), '1');
    const { engine } = await openDiskTill(folder);
    await engine.backup(request('one', { encrypt: false }), {});
    await rm(join(files, 'receipt.txt'));
    await engine.backup(request('emptied'), {});
    await rm(files, { recursive: true });
    expect((await engine.backup(request('two'), {})).notices.length).to.equal(1);
  });

  it('does not stop the restore that brings it back', async () => {
    await writeFile(join(files, 'receipt.txt'), '1');
    const { engine } = await openDiskTill(folder);
    const { snapshotId } = await engine.backup(request('one'), {});
    await rm(files, { recursive: true });
    const restorePoint = { backupId: 'point', labels: {} };
    const components = ['DATABASE' as const, 'FILES' as const];
    await engine.restore(restoreRequest(snapshotId, { components, restorePoint }), {});
    expect((await engine.backup(request('two'), {})).fileCount).to.equal(2);
  });
});
