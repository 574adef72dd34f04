import { expect } from 'chai';
import { MemoryStore } from '../../../../src/storage/memory-store.js';
import { backupRequest, createEngineTill, expectTree, restoreRequest } from '../../../support/engine-till.js';
import type { MemoryTree } from '../../../support/memory-till.js';
import { createSeededBytes } from '../../../support/seeded-random.js';

const random = createSeededBytes('index loader');

function makeTree(): MemoryTree {
  const identity = { device: 1n, inode: 1n, ctimeNs: 1n };
  return new Map([['photo', { kind: 'file', content: random(300_000), identity }]]);
}

function keysIn(objects: Map<string, Buffer>, prefix: string): string[] {
  return [...objects.keys()].filter((key) => key.startsWith(prefix));
}

describe('IndexLoader', () => {
  for (const [loss, spoil] of [
    ['is gone', (objects: Map<string, Buffer>, key: string) => objects.delete(key)],
    [
      'is cut short',
      (objects: Map<string, Buffer>, key: string) => objects.set(key, objects.get(key)!.subarray(0, 999)),
    ],
  ] as const) {
    context(`when a pack ${loss}`, () => {
      for (const restarts of [false, true]) {
        it(`stores its content again with the next backup${restarts ? ' of another process' : ''}`, async () => {
          const objects = new Map<string, Buffer>();
          const tree = makeTree();
          const first = createEngineTill({ FILES: tree }, { store: new MemoryStore(objects) });
          await first.engine.open({ mayCreate: true });
          await first.engine.backup(backupRequest('b1'), {});
          for (const key of keysIn(objects, 'packs/')) spoil(objects, key);
          const { engine, targets, warnings } = restarts
            ? createEngineTill({ FILES: tree }, { store: new MemoryStore(objects) })
            : first;
          await engine.open({ mayCreate: false });
          const { snapshotId } = await engine.backup(backupRequest('b2'), {});
          await engine.restore(restoreRequest(snapshotId), {});
          expectTree(
            targets.get('FILES')!.live,
            new Map([
              ['photo', { kind: 'file', content: (tree.get('photo') as { content: Buffer }).content }],
            ]),
          );
          expect(warnings.join('\n')).to.match(/Pack [0-9a-f]{64} is missing or cut short/);
        });
      }
    });
  }

  context('when every index object is gone', () => {
    it('restores from what the packs say of themselves', async () => {
      const objects = new Map<string, Buffer>();
      const tree = makeTree();
      const till = createEngineTill({ FILES: tree }, { store: new MemoryStore(objects) });
      await till.engine.open({ mayCreate: true });
      const { snapshotId } = await till.engine.backup(backupRequest('b1'), {});
      for (const key of keysIn(objects, 'index/')) objects.delete(key);
      const later = createEngineTill({ FILES: tree }, { store: new MemoryStore(objects) });
      await later.engine.open({ mayCreate: false });
      const outcome = await later.engine.restore(restoreRequest(snapshotId, { validateOnly: true }), {});
      expect(outcome.validated).to.equal(true);
    });
  });

  context('when an index object is damaged', () => {
    it('lets the next backup write it anew, so that it can be lost for good', async () => {
      const objects = new Map<string, Buffer>();
      const tree = makeTree();
      const till = createEngineTill({ FILES: tree }, { store: new MemoryStore(objects) });
      await till.engine.open({ mayCreate: true });
      await till.engine.backup(backupRequest('b1'), {});
      const [damaged] = keysIn(objects, 'index/');
      objects.get(damaged!)!.writeUInt8(objects.get(damaged!)!.readUInt8(60) ^ 1, 60);
      const healing = createEngineTill({ FILES: tree }, { store: new MemoryStore(objects) });
      await healing.engine.open({ mayCreate: false });
      const { snapshotId, storedBytes } = await healing.engine.backup(backupRequest('b2'), {});
      expect(storedBytes).to.equal(0);
      objects.delete(damaged!);
      const later = createEngineTill({ FILES: tree }, { store: new MemoryStore(objects) });
      await later.engine.open({ mayCreate: false });
      const outcome = await later.engine.restore(restoreRequest(snapshotId, { validateOnly: true }), {});
      expect(outcome.validated).to.equal(true);
      expect(later.warnings).to.deep.equal([]);
    });
  });
});
