/** Fails the Nth call of the store for N = 1, 2, 3 … until the operation succeeds; after each, checks every promise. */
import { expect } from 'chai';
import { AppError } from '../../src/shared/errors.js';
import { MemoryStore } from '../../src/storage/memory-store.js';
import {
  backupRequest,
  createEngineTill,
  expectTree,
  PASSPHRASE,
  restoreRequest,
} from '../support/engine-till.js';
import { type Fault, FaultyStore } from '../support/faulty-store.js';
import type { MemoryTree } from '../support/memory-till.js';
import { scaled } from '../support/scale.js';
import { createSeededBytes } from '../support/seeded-random.js';

const MODES: { name: string; fault: Omit<Fault, 'call'> }[] = [
  { name: 'fails once', fault: { afterDoing: false, code: 'SERVICE_UNAVAILABLE', forGood: false } },
  {
    name: 'fails once after doing it',
    fault: { afterDoing: true, code: 'SERVICE_UNAVAILABLE', forGood: false },
  },
  { name: 'fails from then on', fault: { afterDoing: false, code: 'INSUFFICIENT_STORAGE', forGood: true } },
  {
    name: 'fails from then on, after doing it',
    fault: { afterDoing: true, code: 'SERVICE_UNAVAILABLE', forGood: true },
  },
];

function createTree(seed: string): MemoryTree {
  const bytes = createSeededBytes(seed);
  return new Map([
    ['large', { kind: 'file', content: bytes(scaled(3_000_000, 40_000_000)) }],
    ['small', { kind: 'file', content: bytes(100), identity: { device: 1n, inode: 1n, ctimeNs: 1n } }],
  ]);
}

/** Runs `work` with the Nth call failing, for every N until it succeeds; gives the calls that failed. */
async function failEach(
  store: FaultyStore,
  fault: Omit<Fault, 'call'>,
  work: () => Promise<void>,
  after: (error: AppError) => Promise<void>,
): Promise<string[]> {
  const failed: string[] = [];
  for (let call = 1; call < 500; call++) {
    store.reset({ ...fault, call });
    let error: unknown = null;
    try {
      await work();
    } catch (thrown) {
      error = thrown;
    }
    const which = store.failed;
    store.reset(null);
    if (which === null) return failed;
    failed.push(which);
    if (error === null) continue; // best-effort work, such as a clean-up
    if (!(error instanceof AppError)) throw error;
    await after(error);
  }
  throw new Error('It never succeeds');
}

for (const { name, fault } of MODES) {
  describe(`a store that ${name}`, function () {
    this.timeout(600_000);

    it('spoils no earlier backup and leaves nothing of the one that failed', async () => {
      const objects = new Map<string, Buffer>();
      const store = new FaultyStore(new MemoryStore(objects));
      const firstTree = createTree('first');
      const { engine, sources } = createEngineTill({ FILES: firstTree }, { store });
      await engine.open({ mayCreate: true });
      const first = await engine.backup(backupRequest('first'), {});
      const tree = sources.get('FILES')!.tree;
      let run = 0;
      const change = () => {
        tree.set('large', createTree(`second ${run++}`).get('large')!);
      };
      const firstCopy = new Map(firstTree);
      const known = new Set([first.snapshotId]);
      let packs = objects.size;
      const failed = await failEach(
        store,
        fault,
        async () => {
          change();
          packs = objects.size;
          known.add((await engine.backup(backupRequest(`run ${run}`), {})).snapshotId);
        },
        async (error) => {
          expect(error.code).to.equal(fault.code);
          const fresh = createEngineTill({ FILES: new Map() }, { store });
          await fresh.engine.open({ mayCreate: false });
          const listed = (await fresh.engine.listSnapshots()).map(({ snapshotId }) => snapshotId);
          if (!fault.forGood) expect(new Set(listed)).to.deep.equal(known);
          for (const snapshotId of listed)
            await fresh.engine.restore(restoreRequest(snapshotId, { validateOnly: true }), {});
          await fresh.engine.restore(restoreRequest(first.snapshotId), {});
          expectTree(fresh.targets.get('FILES')!.live, firstCopy);
          // The same engine goes on: what it believes to be stored is stored.
          const again = await engine.backup(backupRequest(`again ${run}`), {});
          known.add(again.snapshotId);
          for (const snapshotId of listed) known.add(snapshotId);
          await fresh.engine.restore(restoreRequest(again.snapshotId), {});
          expectTree(fresh.targets.get('FILES')!.live, new Map(tree));
        },
      );
      expect(packs).to.be.greaterThan(0);
      const kinds = new Set(failed.map((call) => call.replace(/\/.*/, '')));
      expect([...kinds]).to.include.members([
        'put packs',
        'put index',
        'put snapshots',
        'list snapshots',
        'list index',
      ]);
    });

    it('leaves the target untouched unless the restore succeeds', async () => {
      const objects = new Map<string, Buffer>();
      const store = new FaultyStore(new MemoryStore(objects));
      const tree = createTree('restored');
      const { engine } = createEngineTill({ FILES: tree }, { store });
      await engine.open({ mayCreate: true });
      const { snapshotId } = await engine.backup(backupRequest('b1'), {});
      const live: MemoryTree = new Map([['live', { kind: 'directory' }]]);
      const till = () => createEngineTill({ FILES: new Map() }, { store });
      let current = till();
      const failed = await failEach(
        store,
        fault,
        async () => {
          current = till();
          current.targets.get('FILES')!.live = live;
          await current.engine.open({ mayCreate: false });
          await current.engine.restore(restoreRequest(snapshotId), {});
          expectTree(current.targets.get('FILES')!.live, tree);
        },
        async (error) => {
          expect(error.code).to.equal(fault.code);
          expect(current.targets.get('FILES')!.live).to.equal(live);
        },
      );
      expect(failed.filter((call) => call.startsWith('getRange')).length).to.be.greaterThan(2);
    });

    it('leaves no repository that cannot be opened when one is made', async () => {
      let objects = new Map<string, Buffer>();
      const inner = { current: new MemoryStore(objects) };
      const store = new FaultyStore({
        location: 'memory',
        put: (...call) => inner.current.put(...call),
        get: (key) => inner.current.get(key),
        getRange: (...call) => inner.current.getRange(...call),
        list: (prefix) => inner.current.list(prefix),
        delete: (key) => inner.current.delete(key),
        probe: () => inner.current.probe(),
      });
      const failed = await failEach(
        store,
        fault,
        async () => {
          objects = new Map();
          inner.current = new MemoryStore(objects);
          await createEngineTill({}, { store }).engine.open({ mayCreate: true });
        },
        async (error) => {
          expect(error.code).to.equal(fault.code);
          const { engine } = createEngineTill({ FILES: createTree('made later') }, { store });
          await engine.open({ mayCreate: true });
          await engine.backup(backupRequest('b1'), {});
          await createEngineTill({}, { store, passphrase: PASSPHRASE }).engine.open({ mayCreate: false });
        },
      );
      expect(failed.some((call) => call === 'put config')).to.equal(true);
    });
  });
}

describe('a store that is full', () => {
  it('makes the backup end with INSUFFICIENT_STORAGE and gives its space back', async () => {
    const objects = new Map<string, Buffer>();
    const store = new FaultyStore(new MemoryStore(objects));
    const { engine } = createEngineTill(
      { FILES: new Map([['big', { kind: 'file', content: createSeededBytes('full')(40_000_000) }]]) },
      { store },
    );
    await engine.open({ mayCreate: true });
    const before = objects.size;
    const put = store.put.bind(store);
    let packs = 0;
    store.put = async (key, pieces, options) => {
      if (key.startsWith('packs/') && ++packs === 2)
        store.reset({ call: 1, afterDoing: false, forGood: false, code: 'INSUFFICIENT_STORAGE' });
      await put(key, pieces, options);
    };
    const error: unknown = await engine
      .backup(backupRequest('b1', { compress: false }), {})
      .catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(AppError).with.property('code', 'INSUFFICIENT_STORAGE');
    expect(objects.size).to.equal(before);
  });
});
