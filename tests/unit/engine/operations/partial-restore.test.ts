import { expect } from 'chai';
import { KiB, MiB } from '../../../../src/shared/bytes.js';
import { CountingStore } from '../../../support/counting-store.js';
import { backupRequest, createEngineTill, expectCode, restoreRequest } from '../../../support/engine-till.js';
import type { MemoryTree } from '../../../support/memory-till.js';
import { scaled } from '../../../support/scale.js';
import { createSeededBytes } from '../../../support/seeded-random.js';

/** Files of 1 MiB that nothing compresses, and small ones of 10 KiB among them. */
function makeTree(largeFiles: number, smallFiles: number): MemoryTree {
  const bytes = createSeededBytes('partial restore');
  const tree: MemoryTree = new Map([
    ['files', { kind: 'directory' }],
    ['files/large', { kind: 'directory' }],
    ['files/small', { kind: 'directory' }],
  ]);
  for (let at = 0; at < largeFiles; at++)
    tree.set(`files/large/${at}`, { kind: 'file', content: bytes(MiB) });
  for (let at = 0; at < smallFiles; at++)
    tree.set(`files/small/${at}`, { kind: 'file', content: bytes(10 * KiB) });
  return tree;
}

describe('runRestore() of paths', () => {
  it('reads fewer than 3 packs for one small file of a large backup', async function () {
    this.timeout(300_000);
    const store = new CountingStore();
    const tree = makeTree(scaled(100, 1000), scaled(500, 3000));
    const till = createEngineTill({ FILES: tree }, { store });
    await till.engine.open({ mayCreate: true });
    const { snapshotId, sizeBytes } = await till.engine.backup(backupRequest('b1'), {});
    store.reset();
    const outcome = await till.engine.restore(restoreRequest(snapshotId, { paths: ['files/small/77'] }), {});
    expect(outcome).to.deep.equal({
      validated: true,
      restoredFiles: 1,
      skippedFiles: 0,
      restoredBytes: 10 * KiB,
      notices: [],
    });
    expect(store.packsRead).to.be.lessThan(3);
    expect(store.bytesRead).to.be.lessThan(sizeBytes / 20);
    expect([...till.targets.get('FILES')!.live.keys()]).to.deep.equal([
      'files',
      'files/small',
      'files/small/77',
    ]);
  });

  it('leaves components that hold none of the paths alone', async () => {
    const only = (name: string): MemoryTree =>
      new Map([[name, { kind: 'file' as const, content: Buffer.from(name) }]]);
    const till = createEngineTill({ CONFIG: only('pos.json'), FILES: only('logo.png') });
    await till.engine.open({ mayCreate: true });
    const components = ['CONFIG', 'FILES'] as const;
    const { snapshotId } = await till.engine.backup(backupRequest('b1', { components: [...components] }), {});
    const steps: string[] = [];
    till.targets.get('CONFIG')!.onStep = (step) => steps.push(step);
    await till.engine.restore(
      restoreRequest(snapshotId, { components: [...components], paths: ['logo.png'] }),
      {},
    );
    expect(steps).to.deep.equal([]);
    expect([...till.targets.get('FILES')!.live.keys()]).to.deep.equal(['logo.png']);
  });

  it('counts only what is taken in its progress', async () => {
    const till = createEngineTill({ FILES: makeTree(2, 10) });
    await till.engine.open({ mayCreate: true });
    const { snapshotId } = await till.engine.backup(backupRequest('b1'), {});
    let last = { processedBytes: 0, totalBytes: 0, processedFiles: 0, totalFiles: 0 };
    await till.engine.restore(restoreRequest(snapshotId, { paths: ['files/small'], validateOnly: true }), {
      onProgress: (update) => {
        last = update;
      },
    });
    expect(last).to.include({
      totalBytes: 100 * KiB,
      processedBytes: 100 * KiB,
      totalFiles: 10,
      processedFiles: 10,
    });
  });

  for (const [what, paths] of [
    ['a path that is not held', ['files/small/1', 'files/nope']],
    ['a path below a file', ['files/small/1/2']],
    ['a path that leaves its component', ['../etc']],
  ] as const) {
    it(`refuses ${what} before anything else`, async () => {
      const till = createEngineTill({ FILES: makeTree(0, 2) });
      await till.engine.open({ mayCreate: true });
      const { snapshotId } = await till.engine.backup(backupRequest('b1'), {});
      const steps: string[] = [];
      till.targets.get('FILES')!.onStep = (step) => steps.push(step);
      const error = await expectCode(
        till.engine.restore(restoreRequest(snapshotId, { paths }), {}),
        'BAD_USER_INPUT',
      );
      expect(error.message).to.include(paths.at(-1));
      expect(steps).to.deep.equal([]);
    });
  }
});
