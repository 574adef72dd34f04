import { expect } from 'chai';
import fc from 'fast-check';
import { KiB, MiB } from '../../../src/shared/bytes.js';
import { MemoryStore } from '../../../src/storage/memory-store.js';
import { backupRequest, createEngineTill, expectTree, restoreRequest } from '../../support/engine-till.js';
import type { MemoryTree } from '../../support/memory-till.js';
import { editTree, memoryTree } from '../../support/random-memory-tree.js';
import { SOAK, scaled } from '../../support/scale.js';
import { createSeededBytes } from '../../support/seeded-random.js';

const request = fc.record({
  encrypt: fc.boolean(),
  compress: fc.boolean(),
  compressionLevel: fc.option(fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(9, 12, 19))),
});

describe('restore(backup(tree))', () => {
  it('is the tree, for every generation of random edits, whatever the options', async function () {
    this.timeout(1_800_000);
    const generations = fc.array(fc.tuple(request, fc.nat()), { minLength: 1, maxLength: 4 });
    const maxReadBytes = fc.oneof(
      fc.constant(Number.POSITIVE_INFINITY),
      fc.integer({ min: 1000, max: 100_000 }),
    );
    await fc.assert(
      fc.asyncProperty(memoryTree, generations, maxReadBytes, async (tree, steps, readBytes) => {
        const store = new MemoryStore();
        const { engine, sources, targets } = createEngineTill({ FILES: tree }, { store });
        sources.get('FILES')!.maxReadBytes = readBytes;
        await engine.open({ mayCreate: true });
        const taken: { snapshotId: string; tree: MemoryTree }[] = [];
        for (const [at, [options, seed]] of steps.entries()) {
          const { snapshotId, fileCount, sizeBytes } = await engine.backup(
            backupRequest(`b${at}`, options),
            {},
          );
          const files = [...tree.values()].flatMap((entry) =>
            entry.kind === 'file' ? [entry.content.length] : [],
          );
          expect({ fileCount, sizeBytes }).to.deep.equal({
            fileCount: files.length,
            sizeBytes: files.reduce((a, b) => a + b, 0),
          });
          taken.push({ snapshotId, tree: new Map(tree) });
          editTree(tree, seed);
        }
        const fresh = createEngineTill({ FILES: new Map() }, { store });
        await fresh.engine.open({ mayCreate: false });
        for (const { engine: each, targets: into } of [{ engine, targets }, fresh]) {
          for (const backup of taken) {
            await each.restore(restoreRequest(backup.snapshotId), {});
            expectTree(into.get('FILES')!.live, backup.tree);
          }
        }
        expect(fresh.warnings).to.deep.equal([]);
      }),
      { numRuns: scaled(15, 1500) },
    );
  });

  it('reads a file again exactly when its identity is another', async () => {
    const identity = { device: 1n, inode: 1n, ctimeNs: 1n };
    const cases: [changed: object | null, reads: number][] = [
      [{}, 0],
      [{ inode: 2n }, 1],
      [{ ctimeNs: 2n }, 1],
      [{ device: 2n }, 1],
      [null, 1],
    ];
    for (const [changed, reads] of cases) {
      const tree: MemoryTree = new Map([['a', { kind: 'file', content: Buffer.from('x'), identity }]]);
      const { engine, sources } = createEngineTill({ FILES: tree });
      await engine.open({ mayCreate: true });
      await engine.backup(backupRequest('b1'), {});
      tree.set('a', {
        kind: 'file',
        content: Buffer.from('x'),
        identity: changed && { ...identity, ...changed },
      });
      await engine.backup(backupRequest('b2'), {});
      expect(sources.get('FILES')!.filesRead).to.equal(1 + reads);
    }
  });

  const large: [what: string, sizeBytes: number, soakOnly: boolean][] = [
    ['more than 1024 chunks', 1030 * 32 * KiB + 5, false],
    ['more than 32 × 1024 chunks', (32 * 1024 + 3) * 32 * KiB + 7, true],
  ];
  for (const [what, sizeBytes, soakOnly] of large) {
    it(`holds for a file of ${what}, also when it is taken from the parent`, async function () {
      if (soakOnly && !SOAK) this.skip(); // a gigabyte
      this.timeout(1_800_000);
      const content = Buffer.alloc(sizeBytes, 'a sale;');
      const stamp = createSeededBytes('large');
      for (let at = 0; at + 8 < sizeBytes; at += 32 * KiB) stamp(8).copy(content, at);
      const tree: MemoryTree = new Map([
        [
          'big',
          { kind: 'file', content, cutting: 'pages', identity: { device: 1n, inode: 1n, ctimeNs: 1n } },
        ],
        ['small', { kind: 'file', content: Buffer.from('x') }],
      ]);
      const { engine, sources, targets } = createEngineTill({ FILES: tree });
      await engine.open({ mayCreate: true });
      await engine.backup(backupRequest('b1'), {});
      const { snapshotId, storedBytes } = await engine.backup(backupRequest('b2'), {});
      await engine.restore(restoreRequest(snapshotId), {});
      expectTree(targets.get('FILES')!.live, tree);
      expect(sources.get('FILES')!.filesRead).to.equal(3); // "small" has no identity
      expect(storedBytes).to.be.lessThan(MiB);
    });
  }
});
