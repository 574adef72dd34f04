import { hash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { MiB } from '../../../../src/shared/bytes.js';
import { MemoryStore } from '../../../../src/storage/memory-store.js';
import {
  backupRequest,
  createEngineTill,
  expectCode,
  expectTree,
  restoreRequest,
} from '../../../support/engine-till.js';
import { FaultyStore } from '../../../support/faulty-store.js';
import type { MemoryTree } from '../../../support/memory-till.js';

const identity = { device: 1n, inode: 1n, ctimeNs: 1n };
const tree = (): MemoryTree => new Map([['a', { kind: 'file', content: randomBytes(MiB), identity }]]);

function flipByte(objects: Map<string, Buffer>, prefix: string, at = 60): string {
  const key = [...objects.keys()].find((each) => each.startsWith(prefix))!;
  const bytes = Buffer.from(objects.get(key)!);
  bytes[at]! ^= 1;
  objects.set(key, bytes);
  return key;
}

async function backedUp() {
  const objects = new Map<string, Buffer>();
  const files = tree();
  const store = new FaultyStore(new MemoryStore(objects));
  const till = createEngineTill({ FILES: files }, { store });
  await till.engine.open({ mayCreate: true });
  const { snapshotId } = await till.engine.backup(backupRequest('b1'), {});
  const reopen = () => createEngineTill({ FILES: files }, { store });
  return { objects, files, store, snapshotId, reopen, first: till };
}

describe('opening a repository', () => {
  it('answers NOT_FOUND when there is none and none may be made, and makes nothing', async () => {
    const objects = new Map<string, Buffer>();
    await expectCode(
      createEngineTill({}, { store: new MemoryStore(objects) }).engine.open({ mayCreate: false }),
      'NOT_FOUND',
    );
    expect(objects.size).to.equal(0);
  });

  it('answers WRONG_KEY for another passphrase', async () => {
    const { objects } = await backedUp();
    const store = new MemoryStore(objects);
    await expectCode(
      createEngineTill({}, { store, passphrase: 'other' }).engine.open({ mayCreate: true }),
      'WRONG_KEY',
    );
  });

  it('answers DATA_CORRUPTED when "config" is gone though there are backups', async () => {
    const { objects, reopen } = await backedUp();
    objects.delete('config');
    await expectCode(reopen().engine.open({ mayCreate: true }), 'DATA_CORRUPTED');
    expect(objects.has('config')).to.equal(false);
  });

  for (const damage of ['', '{}', '{"format":"tillvault"', 'null']) {
    it(`answers DATA_CORRUPTED when "config" holds ${JSON.stringify(damage)}`, async () => {
      const { objects, reopen } = await backedUp();
      objects.set('config', Buffer.from(damage));
      await expectCode(reopen().engine.open({ mayCreate: true }), 'DATA_CORRUPTED');
    });
  }

  it('answers DATA_CORRUPTED when the key object is gone or damaged', async () => {
    const { objects, reopen } = await backedUp();
    const key = flipByte(objects, 'keys/', 100);
    await expectCode(reopen().engine.open({ mayCreate: true }), 'DATA_CORRUPTED');
    objects.delete(key);
    await expectCode(reopen().engine.open({ mayCreate: true }), 'DATA_CORRUPTED');
  });

  it('lets creators race: all of them use the repository of the one that was first', async () => {
    const objects = new Map<string, Buffer>();
    const store = new MemoryStore(objects);
    const engines = Array.from({ length: 6 }, () => createEngineTill({}, { store }).engine);
    await Promise.all(engines.map((engine) => engine.open({ mayCreate: true })));
    expect([...objects.keys()].filter((key) => key.startsWith('keys/'))).to.have.length(1);
    await createEngineTill({}, { store }).engine.open({ mayCreate: false });
  });

  it('makes a whole repository when a crash left a key object without "config"', async () => {
    const objects = new Map<string, Buffer>();
    const store = new MemoryStore(objects);
    await createEngineTill({}, { store }).engine.open({ mayCreate: true });
    objects.delete('config');
    await createEngineTill({}, { store }).engine.open({ mayCreate: true });
    await createEngineTill({}, { store }).engine.open({ mayCreate: false });
    await expectCode(
      createEngineTill({}, { store, passphrase: 'other' }).engine.open({ mayCreate: false }),
      'WRONG_KEY',
    );
  });

  context('when an index object is damaged', () => {
    it('reads the packs instead, and says so', async () => {
      const { objects, files, snapshotId, reopen } = await backedUp();
      flipByte(objects, 'index/');
      const { engine, targets, warnings } = reopen();
      await engine.open({ mayCreate: false });
      await engine.restore(restoreRequest(snapshotId), {});
      expectTree(targets.get('FILES')!.live, files);
      expect(warnings.filter((warning) => warning.includes('index/'))).to.have.length(1);
    });

    it('reads the packs at the next try when the storage failed at the first', async () => {
      const { objects, store, snapshotId, reopen } = await backedUp();
      const { engine } = reopen();
      await engine.open({ mayCreate: false });
      const old = objects.get(flipByte(objects, 'index/'))!;
      objects.set(`index/${hash('sha256', old)}`, old); // right name, so that it is new to the engine and does not open
      const count = [...objects.keys()].filter((key) => key.startsWith('packs/')).length;
      expect(count).to.be.greaterThan(0);
      const fresh = reopen();
      let failed = false;
      for (let call = 1; call < 30 && !failed; call++) {
        store.reset({ call, afterDoing: false, code: 'SERVICE_UNAVAILABLE', forGood: false });
        await fresh.engine.open({ mayCreate: false }).catch(() => {});
        failed = store.failed === 'list packs/';
      }
      store.reset(null);
      await fresh.engine.open({ mayCreate: false });
      await fresh.engine.restore(restoreRequest(snapshotId), {});
    });

    it('reads the packs at the next refresh when the storage failed meanwhile', async () => {
      const { objects, store, snapshotId, reopen } = await backedUp();
      const second = reopen();
      const indexKey = [...objects.keys()].find((key) => key.startsWith('index/'))!;
      const index = objects.get(indexKey)!;
      const snapshots = [...objects].filter(([key]) => key.startsWith('snapshots/'));
      objects.delete(indexKey);
      for (const [key] of snapshots) objects.delete(key);
      await second.engine.open({ mayCreate: false });
      objects.set(indexKey, Buffer.concat([index, Buffer.alloc(1)]));
      for (const [key, bytes] of snapshots) objects.set(key, bytes);
      let interrupted = false;
      for (let call = 1; !interrupted; call++) {
        store.reset({ call, afterDoing: false, code: 'SERVICE_UNAVAILABLE', forGood: true });
        await second.engine.verify({ snapshotId }, {}).catch(() => {});
        interrupted = store.failed === 'list packs/';
        expect(call).to.be.lessThan(30);
      }
      store.reset(null);
      await second.engine.restore(restoreRequest(snapshotId), {});
    });
  });

  it('leaves out a damaged snapshot, says so, and keeps the others', async () => {
    const { objects, first, reopen } = await backedUp();
    const { snapshotId } = await first.engine.backup(backupRequest('b2'), {});
    flipByte(objects, 'snapshots/');
    const { engine, warnings } = reopen();
    await engine.open({ mayCreate: false });
    expect((await engine.listSnapshots()).map((snapshot) => snapshot.snapshotId)).to.deep.equal([snapshotId]);
    expect(warnings.length).to.be.greaterThan(0);
  });

  it('answers DATA_CORRUPTED for a restore from a snapshot that is there and damaged', async () => {
    const { objects, snapshotId, reopen } = await backedUp();
    flipByte(objects, 'snapshots/');
    const { engine } = reopen();
    await engine.open({ mayCreate: false });
    await expectCode(engine.restore(restoreRequest(snapshotId), {}), 'DATA_CORRUPTED');
  });

  it('takes a new backup when the parent is damaged', async () => {
    const { objects, files, reopen } = await backedUp();
    for (const key of [...objects.keys()].filter((each) => each.startsWith('packs/'))) objects.delete(key);
    for (const key of [...objects.keys()].filter((each) => each.startsWith('index/'))) objects.delete(key);
    const { engine, targets } = reopen();
    await engine.open({ mayCreate: false });
    const { snapshotId } = await engine.backup(backupRequest('b2'), {});
    await engine.restore(restoreRequest(snapshotId), {});
    expectTree(targets.get('FILES')!.live, files);
  });

  it('reads everything when the parent is whole and chunks that it names are gone', async () => {
    const { objects, files, reopen } = await backedUp();
    flipByte(objects, 'index/');
    const packs = [...objects].filter(([key]) => key.startsWith('packs/'));
    const [dataPack, bytes] = packs.reduce((a, b) => (a[1].length > b[1].length ? a : b));
    objects.set(dataPack, bytes.subarray(0, -1)); // its table cannot be read
    const { engine, sources, targets, warnings } = reopen();
    await engine.open({ mayCreate: false });
    const { snapshotId } = await engine.backup(backupRequest('b2'), {});
    await engine.restore(restoreRequest(snapshotId), {});
    expect(warnings.some((warning) => warning.startsWith('Pack '))).to.equal(true);
    expect(sources.get('FILES')!.filesRead).to.equal(1);
    expectTree(targets.get('FILES')!.live, files);
  });

  it('passes over a pack that vanishes while packs are read in place of an index object', async () => {
    const { objects, store, snapshotId, reopen } = await backedUp();
    flipByte(objects, 'index/');
    const list = store.list.bind(store);
    store.list = async function* (prefix) {
      if (prefix === 'packs/') yield { key: `packs/ab/${'ab'.repeat(32)}`, sizeBytes: 1000 };
      yield* list(prefix);
    };
    const { engine } = reopen();
    await engine.open({ mayCreate: false });
    await engine.restore(restoreRequest(snapshotId, { validateOnly: true }), {});
  });

  it('learns what another engine has added and removed', async () => {
    const { first, files, reopen } = await backedUp();
    const second = reopen();
    await second.engine.open({ mayCreate: false });
    const { snapshotId } = await first.engine.backup(backupRequest('b2'), {});
    await second.engine.restore(restoreRequest(snapshotId), {});
    expectTree(second.targets.get('FILES')!.live, files);
    await first.engine.deleteSnapshot(snapshotId);
    expect(await second.engine.listSnapshots()).to.have.length(1);
  });
});
