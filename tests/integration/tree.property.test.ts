import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { openDiskTill } from '../support/disk-till.js';
import { backupRequest, restoreRequest } from '../support/engine-till.js';
import { makeTree, readTree, treeArbitrary } from '../support/random-tree.js';
import { scaled } from '../support/scale.js';
import { makeFolder, removeFolder } from '../support/till-folder.js';

const FILES = { components: ['FILES' as const] };

describe('A tree of files, through the whole engine', function () {
  this.timeout(scaled(60_000, 1_200_000));

  it('is after loss and restore what it was', async () => {
    await fc.assert(
      fc.asyncProperty(treeArbitrary, fc.boolean(), async (tree, encrypt) => {
        const folder = await makeFolder();
        try {
          const { engine, files } = await openDiskTill(folder);
          makeTree(files, tree);
          const before = readTree(files);
          const { snapshotId, notices } = await engine.backup(backupRequest('b', { ...FILES, encrypt }), {});
          await rm(files, { recursive: true });
          await engine.restore(restoreRequest(snapshotId, FILES), {});
          expect(readTree(files)).to.deep.equal(before);
          expect(notices).to.deep.equal([]);
        } finally {
          await removeFolder(folder);
        }
      }),
      { numRuns: scaled(25, 500) },
    );
  });

  it('is what it was in each of several backups, whatever changed between them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(treeArbitrary, { minLength: 2, maxLength: 4 }), async (trees) => {
        const folder = await makeFolder();
        try {
          const { engine, files } = await openDiskTill(folder);
          const kept: { snapshotId: string; before: ReturnType<typeof readTree> }[] = [];
          for (const [number, tree] of trees.entries()) {
            await rm(files, { recursive: true, force: true });
            makeTree(files, tree);
            const before = readTree(files);
            const { snapshotId } = await engine.backup(backupRequest(`b${number}`, FILES), {});
            kept.push({ snapshotId, before });
          }
          for (const [number, { snapshotId, before }] of kept.entries()) {
            const changes = {
              ...FILES,
              restoreId: `r${number}`,
              targetFolder: join(folder, `restored-${number}`),
            };
            await engine.restore(restoreRequest(snapshotId, changes), {});
            expect(readTree(join(folder, `restored-${number}`, 'files', 'files'))).to.deep.equal(before);
          }
        } finally {
          await removeFolder(folder);
        }
      }),
      { numRuns: scaled(10, 200) },
    );
  });
});
