import { expect } from 'chai';
import { MiB } from '../../../../src/shared/bytes.js';
import { MemoryStore } from '../../../../src/storage/memory-store.js';
import { CountingStore } from '../../../support/counting-store.js';
import type { EngineTill } from '../../../support/engine-till.js';
import {
  backupRequest,
  createEngineTill,
  expectCode,
  expectTree,
  restoreRequest,
} from '../../../support/engine-till.js';
import { FixedClock } from '../../../support/fixed-clock.js';
import type { MemoryTree } from '../../../support/memory-till.js';
import { createSeededBytes } from '../../../support/seeded-random.js';

const PRUNE = { dryRun: false, withoutSnapshots: [] };
const STALE_MS = 16 * 60_000;
const random = createSeededBytes('prune');

function treeOf(contents: Record<string, Buffer>): MemoryTree {
  return new Map(Object.entries(contents).map(([path, content]) => [path, { kind: 'file', content }]));
}

/** Several servers over one storage. */
function createServers(count: number) {
  const objects = new Map<string, Buffer>();
  const clock = new FixedClock();
  const servers = Array.from({ length: count }, () =>
    createEngineTill({ FILES: new Map() }, { store: new MemoryStore(objects), clock }),
  ) as [EngineTill, ...EngineTill[]];
  const keysOf = (prefix: string) => [...objects.keys()].filter((key) => key.startsWith(prefix));
  const bytesOf = (prefix: string) => keysOf(prefix).reduce((sum, key) => sum + objects.get(key)!.length, 0);
  return { objects, clock, servers, keysOf, bytesOf };
}

async function backUp({ engine, sources }: EngineTill, contents: Record<string, Buffer>): Promise<string> {
  const { tree } = sources.get('FILES')!;
  tree.clear();
  for (const [path, entry] of treeOf(contents)) tree.set(path, entry);
  return (await engine.backup(backupRequest('b', { compress: false }), {})).snapshotId;
}

async function expectRestores({ engine, targets }: EngineTill, id: string, contents: Record<string, Buffer>) {
  await engine.restore(restoreRequest(id), {});
  expectTree(targets.get('FILES')!.live, treeOf(contents));
}

/** A source that stops before it is read, until it is let go on. */
function holdReading({ sources }: EngineTill, path: string): { reached: Promise<void>; goOn: () => void } {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const source = sources.get('FILES')!;
  const capture = source.capture.bind(source);
  source.capture = async () => {
    const captured = await capture();
    return {
      ...captured,
      entries: async function* () {
        for await (const entry of captured.entries()) {
          if (entry.path.toString() === path) {
            reached.resolve();
            await gate.promise;
          }
          yield entry;
        }
      },
    };
  };
  return { reached: reached.promise, goOn: () => gate.resolve() };
}

describe('runPrune()', () => {
  const big = random(400_000);
  const other = random(300_000);

  it('gives back what only deleted backups needed, in one call when nobody else is at work', async () => {
    const { servers, bytesOf } = createServers(1);
    await servers[0].engine.open({ mayCreate: true });
    const first = await backUp(servers[0], { big });
    const kept = await backUp(servers[0], { other });
    const before = bytesOf('packs/') + bytesOf('index/');
    await servers[0].engine.deleteSnapshot(first);
    const outcome = await servers[0].engine.prune(PRUNE, {});
    expect(outcome.usedBytes).to.equal(before);
    expect(outcome.reclaimedBytes).to.equal(before - bytesOf('packs/') - bytesOf('index/'));
    expect(bytesOf('packs/')).to.be.within(300_000, 310_000);
    await expectRestores(servers[0], kept, { other });
  });

  it('foretells in a dry run what it then gives back, and changes nothing', async () => {
    const { servers, keysOf, objects } = createServers(1);
    await servers[0].engine.open({ mayCreate: true });
    const first = await backUp(servers[0], { big });
    await backUp(servers[0], { other });
    const before = new Map(objects);
    const request = { dryRun: true, withoutSnapshots: [first] };
    const foretold = await servers[0].engine.prune(request, {});
    expect(objects).to.deep.equal(before);
    await servers[0].engine.deleteSnapshot(first);
    const done = await servers[0].engine.prune(PRUNE, {});
    expect(done.removedPacks).to.equal(foretold.removedPacks);
    expect(done.reclaimedBytes).to.be.within(foretold.reclaimedBytes * 0.99, foretold.reclaimedBytes * 1.02);
    expect(keysOf('generations/')).to.have.length(1);
  });

  it('copies what is alive out of packs that are mostly dead', async () => {
    const { servers, bytesOf } = createServers(1);
    await servers[0].engine.open({ mayCreate: true });
    const first = await backUp(servers[0], { big, other });
    const kept = await backUp(servers[0], { other });
    await servers[0].engine.deleteSnapshot(first);
    const outcome = await servers[0].engine.prune(PRUNE, {});
    expect(outcome.rewrittenPacks).to.be.greaterThan(0);
    expect(bytesOf('packs/')).to.be.within(300_000, 310_000);
    await expectRestores(servers[0], kept, { other });
  });

  it('makes few packs and index objects of many small ones', async () => {
    const { servers, keysOf } = createServers(2);
    await servers[0].engine.open({ mayCreate: true });
    const contents: Record<string, Buffer> = {};
    let last = '';
    for (let at = 0; at < 40; at++) {
      contents[`file${at}`] = random(1_000);
      last = await backUp(servers[0], contents);
    }
    expect(keysOf('index/').length).to.equal(40);
    await servers[0].engine.prune(PRUNE, {});
    expect(keysOf('index/').length).to.be.at.most(2);
    expect(keysOf('packs/').length).to.be.at.most(4);
    await servers[1]!.engine.open({ mayCreate: false });
    await expectRestores(servers[1]!, last, contents);
    expect(servers[1]!.warnings).to.deep.equal([]);
  });

  it('keeps what a running backup relies on, and removes the rest when it has ended', async () => {
    const { servers, bytesOf } = createServers(2);
    const [first, second] = servers;
    await first.engine.open({ mayCreate: true });
    const old = await backUp(first, { big });
    await backUp(first, { other });
    await second!.engine.open({ mayCreate: false });
    const hold = holdReading(second!, 'z');
    const running = backUp(second!, { big, z: random(10) });
    await hold.reached;
    await first.engine.deleteSnapshot(old);
    const waiting = await first.engine.prune(PRUNE, {});
    expect(waiting).to.include({ reclaimedBytes: 0, removedPacks: 0 });
    expect(waiting.deadBytes).to.be.greaterThan(390_000);
    hold.goOn();
    const id = await running;
    await first.engine.prune(PRUNE, {});
    const { damagedFiles } = await first.engine.verify({ snapshotId: id }, {});
    expect(damagedFiles).to.equal(0);
    expect(bytesOf('packs/')).to.be.within(700_000, 715_000);
  });

  it('lets a backup that begins after the first phase store again what is condemned', async () => {
    const { servers } = createServers(2);
    const [first, second] = servers;
    await first.engine.open({ mayCreate: true });
    const old = await backUp(first, { big });
    await backUp(first, { other });
    await second!.engine.open({ mayCreate: false });
    const hold = holdReading(second!, 'z');
    const running = backUp(second!, { z: random(10) });
    await hold.reached;
    await first.engine.deleteSnapshot(old);
    await first.engine.prune(PRUNE, {});
    const again = await backUp(first, { big });
    hold.goOn();
    await running;
    const { removedPacks } = await first.engine.prune(PRUNE, {});
    expect(removedPacks).to.be.greaterThan(0);
    await expectRestores(first, again, { big });
  });

  it('revokes a lease that does not beat, whose backup then cannot be committed', async () => {
    const { servers, clock, keysOf } = createServers(2);
    const [first, second] = servers;
    await first.engine.open({ mayCreate: true });
    const old = await backUp(first, { big });
    await second!.engine.open({ mayCreate: false });
    const hold = holdReading(second!, 'z');
    const running = backUp(second!, { big, z: random(10) });
    await hold.reached;
    await first.engine.deleteSnapshot(old);
    await first.engine.prune(PRUNE, {});
    clock.advance(STALE_MS);
    const { reclaimedBytes } = await first.engine.prune(PRUNE, {});
    expect(reclaimedBytes).to.be.greaterThan(390_000);
    hold.goOn();
    await expectCode(running, 'INTERRUPTED');
    expect(keysOf('snapshots/')).to.deep.equal([]);
    expect(keysOf('leases/')).to.deep.equal([]);
  });

  describe('beside a download of a backup that another server deletes', () => {
    const large = random(12 * MiB);

    /** A download that has given its first content, and what has then been deleted and condemned. */
    async function beginDownload() {
      const { servers, ...storage } = createServers(2);
      const [first, second] = servers;
      await first.engine.open({ mayCreate: true });
      const snapshotId = await backUp(first, { large });
      await second!.engine.open({ mayCreate: false });
      const request = { snapshotId, components: ['FILES' as const], withContent: true };
      const pieces = second!.engine.streamSnapshot(request)[Symbol.asyncIterator]();
      let received = 0;
      const readOn = async (until: number) => {
        while (received < until) {
          const { value, done } = await pieces.next();
          if (done) return;
          if (value.kind === 'content') received += value.bytes.length;
        }
      };
      await readOn(1);
      await first.engine.deleteSnapshot(snapshotId);
      const waiting = await first.engine.prune(PRUNE, {});
      expect(waiting.removedPacks).to.equal(0);
      const readAll = async () => {
        await readOn(Number.POSITIVE_INFINITY);
        return received;
      };
      return { ...storage, first, pieces, readAll };
    }

    it('keeps it whole until it has ended', async () => {
      const { first, readAll, keysOf } = await beginDownload();
      expect(keysOf('leases/')).to.have.length(1);
      expect(await readAll()).to.equal(large.length);
      expect(keysOf('leases/')).to.deep.equal([]);
      await first.engine.prune(PRUNE, {});
      expect(keysOf('packs/')).to.deep.equal([]);
    });

    it('removes it once the client has gone', async () => {
      const { first, pieces, keysOf } = await beginDownload();
      await pieces.return?.();
      expect(keysOf('leases/')).to.deep.equal([]);
      await first.engine.prune(PRUNE, {});
      expect(keysOf('packs/')).to.deep.equal([]);
    });

    it('ends it with INTERRUPTED when its lease was revoked', async () => {
      const { first, readAll, clock, keysOf } = await beginDownload();
      clock.advance(STALE_MS);
      await first.engine.prune(PRUNE, {});
      expect(keysOf('packs/')).to.deep.equal([]);
      await expectCode(readAll(), 'INTERRUPTED');
      expect(keysOf('leases/')).to.deep.equal([]);
    });
  });

  it('removes packs of a writer that died, and leaves those of one at work', async () => {
    const { servers, keysOf, objects } = createServers(2);
    const [first] = servers;
    await first.engine.open({ mayCreate: true });
    const kept = await backUp(first, { other });
    const copy = new Map(objects);
    await backUp(first, { big });
    for (const key of keysOf('index/').concat(keysOf('snapshots/'))) if (!copy.has(key)) objects.delete(key);
    expect(keysOf('packs/').length).to.equal(4);
    await first.engine.prune(PRUNE, {});
    expect(keysOf('packs/').length).to.equal(2);
    await expectRestores(first, kept, { other });
  });

  it('removes nothing when a snapshot cannot be read, and says which', async () => {
    const { servers, objects, keysOf } = createServers(1);
    await servers[0].engine.open({ mayCreate: true });
    const old = await backUp(servers[0], { big });
    const damaged = await backUp(servers[0], { other });
    await servers[0].engine.deleteSnapshot(old);
    objects.get(`snapshots/${damaged}`)!.writeUInt8(7, 100);
    const packs = keysOf('packs/');
    const error = await expectCode(servers[0].engine.prune(PRUNE, {}), 'DATA_CORRUPTED');
    expect(error.message).to.include(damaged);
    expect(keysOf('packs/')).to.deep.equal(packs);
  });

  it('removes nothing when a manifest cannot be read, and says whose', async () => {
    const { servers, objects, keysOf } = createServers(1);
    await servers[0].engine.open({ mayCreate: true });
    const old = await backUp(servers[0], { big });
    const before = new Set(keysOf('packs/'));
    await backUp(servers[0], { other });
    await servers[0].engine.deleteSnapshot(old);
    const [manifest] = keysOf('packs/')
      .filter((key) => !before.has(key))
      .sort((a, b) => objects.get(a)!.length - objects.get(b)!.length);
    objects.get(manifest!)!.writeUInt8(7, 60);
    const packs = keysOf('packs/');
    const error = await expectCode(servers[0].engine.prune(PRUNE, {}), 'DATA_CORRUPTED');
    expect(error.message).to.include('Backup "b"');
    expect(keysOf('packs/')).to.deep.equal(packs);
  });

  it('reads no content of files', async () => {
    const store = new CountingStore();
    const till = createEngineTill({ FILES: new Map() }, { store });
    await till.engine.open({ mayCreate: true });
    await backUp(till, { big });
    store.reset();
    await till.engine.prune(PRUNE, {});
    expect(store.bytesRead).to.be.lessThan(20_000);
  });

  it('does not begin while another clean-up is at work', async () => {
    const { servers, objects } = createServers(2);
    const [first, second] = servers;
    await first.engine.open({ mayCreate: true });
    await second!.engine.open({ mayCreate: false });
    const outcomes = await Promise.allSettled([
      first.engine.prune(PRUNE, {}),
      second!.engine.prune(PRUNE, {}),
    ]);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).to.have.property('code', 'CONFLICT');
    expect([...objects.keys()].filter((key) => key.startsWith('leases/'))).to.deep.equal([]);
  });

  it('ends with CANCELLED when it is cancelled, and leaves every backup whole', async () => {
    const { servers, keysOf } = createServers(1);
    await servers[0].engine.open({ mayCreate: true });
    const old = await backUp(servers[0], { big, other });
    const kept = await backUp(servers[0], { other });
    await servers[0].engine.deleteSnapshot(old);
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    await expectCode(servers[0].engine.prune(PRUNE, { signal: controller.signal, onProgress }), 'CANCELLED');
    expect(keysOf('leases/')).to.deep.equal([]);
    await expectRestores(servers[0], kept, { other });
  });
});
