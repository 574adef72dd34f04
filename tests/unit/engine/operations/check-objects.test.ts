import { expect } from 'chai';
import { KiB } from '../../../../src/shared/bytes.js';
import { MemoryStore } from '../../../../src/storage/memory-store.js';
import {
  backupRequest,
  createEngineTill,
  expectCode,
  expectTree,
  restoreRequest,
} from '../../../support/engine-till.js';
import type { MemoryTree } from '../../../support/memory-till.js';
import { createSeededBytes } from '../../../support/seeded-random.js';

const FILES = 24;

describe('checks of stored objects', () => {
  let objects: Map<string, Buffer>;
  let tree: MemoryTree;

  beforeEach(() => {
    objects = new Map();
    const bytes = createSeededBytes('files');
    tree = new Map(
      Array.from({ length: FILES }, (_, at) => [
        `file-${String(at).padStart(2, '0')}`,
        { kind: 'file' as const, content: bytes(900 * KiB) },
      ]),
    );
  });

  /** A server over the same storage and till, as after a restart. */
  async function open() {
    const till = createEngineTill({ FILES: tree }, { store: new MemoryStore(objects) });
    await till.engine.open({ mayCreate: objects.size === 0 });
    return till;
  }

  async function checkAll(engine: Awaited<ReturnType<typeof open>>['engine']): Promise<Map<string, string>> {
    const listed = await engine.listObjects();
    const checks = await engine.checkObjects({ keys: listed.objects.map(({ key }) => key) }, {});
    expect(checks.map(({ key }) => key)).to.deep.equal(listed.objects.map(({ key }) => key));
    return new Map(checks.flatMap(({ key, damage }) => (damage === null ? [] : [[key, damage]])));
  }

  /** The pack that holds most, with a bit flipped in its first block. */
  function damagePack(at = 5_000): string {
    const packs = [...objects].filter(([key]) => key.startsWith('packs/'));
    const [key, bytes] = packs.sort(([, a], [, b]) => b.length - a.length)[0]!;
    bytes[at]! ^= 1;
    return key;
  }

  it('find nothing wrong with what was stored, and read all of it', async () => {
    const { engine } = await open();
    await engine.backup(backupRequest('b1'), {});
    const { objects: listed } = await engine.listObjects();
    const checks = await engine.checkObjects({ keys: listed.map(({ key }) => key) }, {});
    const stored = [...objects].filter(([key]) => key !== 'config').map(([, bytes]) => bytes.length);
    expect(checks.reduce((sum, { checkedBytes }) => sum + checkedBytes, 0)).to.equal(
      stored.reduce((sum, bytes) => sum + bytes, 0),
    );
    expect(checks.filter(({ damage }) => damage !== null)).to.deep.equal([]);
    expect((await engine.findDamagedBackups()).backups).to.deep.equal([]);
  });

  it('find a flipped bit in any kind of object', async () => {
    const { engine } = await open();
    await engine.backup(backupRequest('b1'), {});
    for (const folder of ['keys/', 'index/', 'snapshots/', 'packs/']) {
      const key = [...objects.keys()].find((each) => each.startsWith(folder))!;
      const before = Buffer.from(objects.get(key)!);
      for (const at of [0, 45, before.length >> 1, before.length - 1]) {
        objects.get(key)![at]! ^= 4;
        expect((await checkAll(engine)).has(key), `${folder} at ${at}`).to.equal(true);
        objects.set(key, Buffer.from(before));
      }
    }
  });

  it('name the backups and files that damage hits, also for a server that is started later', async () => {
    const { engine } = await open();
    const { snapshotId } = await engine.backup(backupRequest('b1'), {});
    const key = damagePack();
    expect([...(await checkAll(engine)).keys()]).to.deep.equal([key]);
    for (const server of [engine, (await open()).engine]) {
      const { backups } = await server.findDamagedBackups();
      expect(backups.map((each) => [each.snapshotId, each.backupId])).to.deep.equal([[snapshotId, 'b1']]);
      expect(backups[0]!.damaged[0]).to.include({ component: 'FILES', path: 'file-00' });
      expect(backups[0]!.damagedFiles).to.be.within(1, 3);
    }
  });

  it('make the next backup store again what was damaged, which heals the earlier one', async () => {
    const first = await open();
    const { snapshotId } = await first.engine.backup(backupRequest('b1'), {});
    damagePack();
    await checkAll(first.engine);
    const later = await open();
    const { storedBytes } = await later.engine.backup(backupRequest('b2'), {});
    expect(storedBytes).to.be.within(900 * KiB, 4_000 * KiB); // the damaged block, not the pack
    for (const server of [later, await open()]) {
      expect((await server.engine.findDamagedBackups()).backups).to.deep.equal([]);
      expect((await server.engine.verify({ snapshotId }, {})).damagedFiles).to.equal(0);
      await server.engine.restore(restoreRequest(snapshotId), {});
      expectTree(server.targets.get('FILES')!.live, tree);
    }
  });

  it('forget damage that is not there any more', async () => {
    const { engine } = await open();
    await engine.backup(backupRequest('b1'), {});
    const key = damagePack();
    await checkAll(engine);
    objects.get(key)![5_000]! ^= 1;
    expect((await checkAll(engine)).size).to.equal(0);
    expect((await engine.findDamagedBackups()).backups).to.deep.equal([]);
    expect([...objects.keys()].filter((each) => each.startsWith('damaged/'))).to.deep.equal([]);
  });

  it('take one bad reading for no damage', async () => {
    const { engine } = await open();
    await engine.backup(backupRequest('b1'), {});
    const key = damagePack();
    const good = Buffer.from(objects.get(key)!);
    good[5_000]! ^= 1;
    const bad = objects.get(key)!;
    let readings = 0;
    objects.get = ((asked: string) => {
      const found = Map.prototype.get.call(objects, asked) as Buffer | undefined;
      return asked === key ? (readings++ === 0 ? bad : good) : found;
    }) as typeof objects.get;
    const [check] = await engine.checkObjects({ keys: [key] }, {});
    expect([check?.damage, readings]).to.deep.equal([null, 2]);
  });

  it('say that a pack is missing, and whom that hits', async () => {
    const { engine } = await open();
    await engine.backup(backupRequest('b1'), {});
    objects.delete(damagePack());
    expect((await engine.listObjects()).missingPacks).to.equal(1);
    expect((await engine.findDamagedBackups()).backups[0]!.damagedFiles).to.be.greaterThan(5);
  });

  it('say that a snapshot cannot be read', async () => {
    const { engine } = await open();
    const { snapshotId } = await engine.backup(backupRequest('b1'), {});
    objects.get(`snapshots/${snapshotId}`)![60]! ^= 1;
    const { unreadableSnapshots } = await (await open()).engine.findDamagedBackups();
    expect(unreadableSnapshots).to.deep.equal([snapshotId]);
  });

  it('pass over a mark that nobody wrote', async () => {
    const { engine } = await open();
    await engine.backup(backupRequest('b1'), {});
    const pack = [...objects.keys()].find((key) => key.startsWith('packs/'))!.slice(9);
    for (const content of ['', '{}', '{"format":"tillvault-damage","version":2,"blocks":[]}', '[1]']) {
      objects.set(`damaged/${pack}`, Buffer.from(content));
      const { engine: other, warnings } = await open();
      expect((await other.findDamagedBackups()).backups).to.deep.equal([]);
      expect(warnings[0]).to.match(/^Mark "damaged\//);
    }
  });

  it('end when they are cancelled', async () => {
    const { engine } = await open();
    await engine.backup(backupRequest('b1'), {});
    const { objects: listed } = await engine.listObjects();
    const cancel = new AbortController();
    const keys = listed.map(({ key }) => key);
    const ended = engine.checkObjects({ keys }, { signal: cancel.signal, onProgress: () => cancel.abort() });
    await expectCode(ended, 'CANCELLED');
  });
});
