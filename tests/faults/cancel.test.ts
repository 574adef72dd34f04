/** Cancels at random moments: the operation ends soon, and leaves nothing that is reachable or in the way. */
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { MemoryStore } from '../../src/storage/memory-store.js';
import {
  backupRequest,
  createEngineTill,
  expectCode,
  expectTree,
  restoreRequest,
} from '../support/engine-till.js';
import type { MemoryTree } from '../support/memory-till.js';
import { scaled } from '../support/scale.js';
import { createSeededBytes, createSeededIntegers } from '../support/seeded-random.js';

const SEED = `cancel ${process.pid}`;
const MAX_MS = 2000;

function createTree(): MemoryTree {
  const bytes = createSeededBytes(SEED);
  const tree: MemoryTree = new Map();
  for (let at = 0; at < 40; at++) {
    const content = Buffer.alloc(1_000_000, `sale ${at};`);
    bytes(500_000).copy(content);
    tree.set(`file ${at}`, { kind: 'file', content });
  }
  return tree;
}

async function indexedPacks(store: MemoryStore): Promise<number> {
  let count = 0;
  for await (const _ of store.list('packs/')) count++;
  return count;
}

describe(`cancelling (seed "${SEED}")`, function () {
  this.timeout(1_800_000);
  const integer = createSeededIntegers(SEED);

  for (const compressionLevel of [null, 19]) {
    it(`ends a backup at level ${compressionLevel ?? 'default'} soon, at any moment, and leaves nothing`, async () => {
      const store = new MemoryStore();
      const tree = createTree();
      const { engine } = createEngineTill({ FILES: tree }, { store });
      await engine.open({ mayCreate: true });
      for (let run = 0; run < scaled(3, 200); run++) {
        const controller = new AbortController();
        const backup = engine.backup(backupRequest('b', { compressionLevel }), { signal: controller.signal });
        backup.catch(() => {}); // awaited below
        await wait(integer(compressionLevel ? 1500 : 300));
        const startedAtMs = performance.now();
        controller.abort();
        const outcome = await backup.then(
          ({ snapshotId }) => snapshotId,
          () => null,
        );
        expect(performance.now() - startedAtMs).to.be.lessThan(MAX_MS);
        if (outcome !== null) {
          await engine.deleteSnapshot(outcome);
          continue;
        }
        await expectCode(backup, 'CANCELLED');
        expect(await engine.listSnapshots()).to.deep.equal([]);
        if (run === 0) expect(await indexedPacks(store)).to.equal(0);
      }
      const { engine: fresh, targets } = createEngineTill({ FILES: tree }, { store });
      await fresh.open({ mayCreate: false });
      const { snapshotId } = await fresh.backup(backupRequest('last'), {});
      await fresh.restore(restoreRequest(snapshotId), {});
      expectTree(targets.get('FILES')!.live, tree);
    });
  }

  it('ends a backup that was cancelled before it began, and writes nothing', async () => {
    const objects = new Map<string, Buffer>();
    const { engine } = createEngineTill({ FILES: createTree() }, { store: new MemoryStore(objects) });
    await engine.open({ mayCreate: true });
    const before = objects.size;
    await expectCode(engine.backup(backupRequest('b'), { signal: AbortSignal.abort() }), 'CANCELLED');
    expect(objects.size).to.equal(before);
  });

  it('ends a restore soon, at any moment, and leaves the target as it was', async () => {
    const tree = createTree();
    const { engine, targets } = createEngineTill({ FILES: tree });
    await engine.open({ mayCreate: true });
    const { snapshotId } = await engine.backup(backupRequest('b'), {});
    const target = targets.get('FILES')!;
    for (let run = 0; run < scaled(5, 300); run++) {
      const live: MemoryTree = new Map([['live', { kind: 'directory' }]]);
      target.live = live;
      const controller = new AbortController();
      const restore = engine.restore(restoreRequest(snapshotId), { signal: controller.signal });
      restore.catch(() => {}); // awaited below
      await wait(integer(200));
      const startedAtMs = performance.now();
      controller.abort();
      const isDone = await restore.then(
        () => true,
        () => false,
      );
      expect(performance.now() - startedAtMs).to.be.lessThan(MAX_MS);
      if (isDone) expectTree(target.live, tree);
      else {
        await expectCode(restore, 'CANCELLED');
        expect(target.live).to.equal(live);
      }
    }
  });
});
