/** Fails, or kills, a clean-up at its Nth store call for every N: every backup stays whole, and the next one finishes. */
import { expect } from 'chai';
import { MemoryStore } from '../../src/storage/memory-store.js';
import { backupRequest, createEngineTill } from '../support/engine-till.js';
import { type Fault, FaultyStore } from '../support/faulty-store.js';
import type { MemoryTree } from '../support/memory-till.js';
import { SOAK, scaled } from '../support/scale.js';
import { createSeededBytes } from '../support/seeded-random.js';

const PRUNE = { dryRun: false, withoutSnapshots: [] };
const INSTANCE = 'ab'.repeat(16);

const MODES: { name: string; fault: Omit<Fault, 'call'> }[] = [
  { name: 'fails once', fault: { afterDoing: false, code: 'SERVICE_UNAVAILABLE', forGood: false } },
  {
    name: 'fails once after doing it',
    fault: { afterDoing: true, code: 'SERVICE_UNAVAILABLE', forGood: false },
  },
  // As a kill does: nothing happens any more, not even the release of the lease.
  { name: 'is gone from then on', fault: { afterDoing: false, code: 'SERVICE_UNAVAILABLE', forGood: true } },
  {
    name: 'is gone from then on, after doing it',
    fault: { afterDoing: true, code: 'SERVICE_UNAVAILABLE', forGood: true },
  },
];

/** A repository with dead packs, packs that are dead in part, and many index objects. */
async function makeRepository(): Promise<Map<string, Buffer>> {
  const objects = new Map<string, Buffer>();
  const bytes = createSeededBytes('prune faults');
  const tree: MemoryTree = new Map();
  const { engine } = createEngineTill({ FILES: tree }, { store: new MemoryStore(objects) });
  await engine.open({ mayCreate: true });
  for (let at = 0; at < 18; at++) {
    for (const path of [`kept ${at % 3}`, `own ${at}`])
      tree.set(path, { kind: 'file', content: bytes(3_000) });
    const { snapshotId } = await engine.backup(backupRequest(`b${at}`, { compress: false }), {});
    tree.delete(`own ${at}`);
    if (at % 2 === 0) await engine.deleteSnapshot(snapshotId);
  }
  return objects;
}

function openServer(objects: Map<string, Buffer>) {
  const store = new FaultyStore(new MemoryStore(objects));
  return { store, ...createEngineTill({ FILES: new Map() }, { store, instanceId: INSTANCE }) };
}

/** Calls that are passed over, each mode beginning at another one. */
const STRIDE = scaled(6, 1);

for (const [mode, { name, fault }] of MODES.entries()) {
  describe(`a clean-up whose storage ${name}`, function () {
    this.timeout(120_000);

    it('spoils no backup, and is finished by the next one', async () => {
      const made = await makeRepository();
      const failed: string[] = [];
      for (let call = 1 + (mode % STRIDE); ; call += STRIDE) {
        const objects = new Map([...made].map(([key, bytes]) => [key, Buffer.from(bytes)]));
        const { engine, store } = openServer(objects);
        await engine.open({ mayCreate: false });
        store.reset({ ...fault, call });
        await engine.prune(PRUNE, {}).catch(() => {}); // what it left is what counts
        if (store.failed === null) break;
        failed.push(store.failed.replace(/\/.*/, ''));
        const next = openServer(objects);
        await next.engine.open({ mayCreate: false });
        const snapshots = await next.engine.listSnapshots();
        expect(snapshots.length).to.equal(9);
        await next.engine.prune(PRUNE, {});
        for (const { snapshotId } of snapshots) {
          const { damagedFiles } = await next.engine.verify({ snapshotId }, {});
          expect(damagedFiles, `${store.failed}, call ${call}`).to.equal(0);
        }
        const { deadBytes, usedBytes } = await next.engine.prune({ ...PRUNE, dryRun: true }, {});
        expect(deadBytes, `${store.failed}, call ${call}`).to.be.at.most(usedBytes * 0.05);
        const control = [...objects.keys()].filter((key) => /^(leases|fences)\//.test(key));
        expect(control, `${store.failed}, call ${call}`).to.deep.equal([]);
      }
      expect(failed.length).to.be.greaterThan(10);
      if (!SOAK) return;
      expect(new Set(failed)).to.include.all.keys(
        'put packs',
        'put index',
        'put generations',
        'delete packs',
        'delete index',
        'delete generations',
      );
    });
  });
}
