/** Whatever is damaged, a restore gives exactly what was backed up or an error, and never a wrong byte to a target. */
import { hash } from 'node:crypto';
import { expect } from 'chai';
import { runScrub } from '../../src/engine/operations/scrub.js';
import { AppError } from '../../src/shared/errors.js';
import { MemoryStore } from '../../src/storage/memory-store.js';
import { backupRequest, createEngineTill, expectTree, restoreRequest } from '../support/engine-till.js';
import type { MemoryTree } from '../support/memory-till.js';
import { scaled } from '../support/scale.js';
import { createSeededBytes, createSeededIntegers } from '../support/seeded-random.js';

type Objects = Map<string, Buffer>;

const ALLOWED = ['DATA_CORRUPTED', 'WRONG_KEY', 'NOT_FOUND'];
const SEED = `damage ${process.pid}`;

function createTree(): MemoryTree {
  const bytes = createSeededBytes('damaged tree');
  return new Map([
    ['a', { kind: 'directory' }],
    ['a/large', { kind: 'file', content: bytes(300_000) }],
    ['a/link', { kind: 'symlink', target: Buffer.from('large') }],
    ['a/pages', { kind: 'file', content: Buffer.alloc(100_000, 'page;'), cutting: 'pages' }],
    ['b', { kind: 'file', content: bytes(500) }],
    ['c', { kind: 'file', content: Buffer.alloc(0) }],
  ]);
}

async function backedUp(encrypt: boolean, compress: boolean) {
  const objects: Objects = new Map();
  const tree = createTree();
  const { engine } = createEngineTill({ FILES: tree }, { store: new MemoryStore(objects) });
  await engine.open({ mayCreate: true });
  const first = await engine.backup(backupRequest('b1', { encrypt, compress }), {});
  const firstTree = new Map(tree);
  tree.set('b', { kind: 'file', content: createSeededBytes('second')(90_000) });
  const second = await engine.backup(backupRequest('b2', { encrypt, compress }), {});
  return {
    objects,
    backups: [
      { snapshotId: first.snapshotId, tree: firstTree },
      { snapshotId: second.snapshotId, tree: new Map(tree) },
    ],
  };
}

type Backups = Awaited<ReturnType<typeof backedUp>>['backups'];

/** Opens `objects` and restores every backup; answers how many came back whole. */
async function expectNoWrongByte(
  objects: Objects,
  backups: Backups,
): Promise<{ restored: number; warnings: string[] }> {
  const { engine, targets, warnings } = createEngineTill(
    { FILES: new Map() },
    { store: new MemoryStore(objects) },
  );
  let restored = 0;
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof AppError) || !ALLOWED.includes(error.code)) throw error;
    }
  };
  await attempt(async () => {
    await engine.open({ mayCreate: false });
    for (const { snapshotId, tree } of backups) {
      const target = targets.get('FILES')!;
      const live: MemoryTree = new Map([['live', { kind: 'directory' }]]);
      const original = tree;
      target.live = live;
      // Bytes may only be staged after all of them were validated: none of a damaged backup gets this far.
      let wrote = false;
      target.onStep = (step) => {
        wrote ||= step === 'write';
      };
      await attempt(async () => {
        await engine.restore(restoreRequest(snapshotId), {});
        expectTree(target.live, original);
        restored++;
      });
      if (target.live === live) expect(wrote, 'bytes of a damaged backup were written').to.equal(false);
    }
  });
  return { restored, warnings };
}

for (const encrypt of [true, false]) {
  describe(`damage to ${encrypt ? 'an encrypted' : 'a plain'} repository (seed "${SEED}")`, function () {
    this.timeout(1_800_000);
    let objects: Objects;
    let backups: Backups;
    const integer = createSeededIntegers(SEED);

    before(async () => {
      ({ objects, backups } = await backedUp(encrypt, true));
    });

    const kinds = ['config', 'keys/', 'packs/', 'index/', 'snapshots/'];
    const keysOf = (prefix: string) => [...objects.keys()].filter((key) => key.startsWith(prefix));
    const changed = (key: string, change: (bytes: Buffer) => Buffer | null): Objects => {
      const copy = new Map(objects);
      const bytes = change(Buffer.from(objects.get(key)!));
      if (bytes) copy.set(key, bytes);
      else copy.delete(key);
      return copy;
    };

    it('restores everything as long as there is none', async () => {
      expect(await expectNoWrongByte(new Map(objects), backups)).to.deep.equal({ restored: 2, warnings: [] });
    });

    for (const kind of kinds) {
      it(`is found when a bit in ${kind} is flipped, also under a name that fits`, async () => {
        for (const key of keysOf(kind)) {
          const { length } = objects.get(key)!;
          const header = Array.from({ length: Math.min(length, 48) }, (_, at) => at);
          const last = Array.from({ length: Math.min(length, 4) }, (_, at) => length - 1 - at);
          const sampled = Array.from({ length: scaled(8, 400) }, () => integer(length));
          for (const at of [...header.filter((each) => each % scaled(5, 1) === 0), ...last, ...sampled]) {
            const bit = 1 << integer(8);
            const flip = (bytes: Buffer) => {
              bytes[at]! ^= bit;
              return bytes;
            };
            const { restored } = await expectNoWrongByte(changed(key, flip), backups);
            if (kind === 'config' || kind === 'keys/') expect(restored, `${key} at ${at}`).to.equal(0);
            if (kind === 'index/') expect(restored, `${key} at ${at}`).to.equal(2);
            if (kind === 'config') continue;
            const { damaged } = await runScrub(new MemoryStore(changed(key, flip)));
            expect(damaged, `${key} at ${at}`).to.deep.equal([key]);
            const renamed = changed(key, () => null);
            const bytes = flip(Buffer.from(objects.get(key)!));
            renamed.set(`${key.slice(0, key.lastIndexOf('/') + 1)}${hash('sha256', bytes)}`, bytes);
            await expectNoWrongByte(renamed, backups);
          }
        }
      });

      it(`is found when an object of ${kind} is cut, grown, emptied or gone`, async () => {
        for (const key of keysOf(kind)) {
          const { length } = objects.get(key)!;
          const lengths = [0, 1, 43, 44, 48, length - 1, length - 20, integer(length)].filter(
            (each) => each >= 0 && each < length,
          );
          for (const cut of lengths)
            await expectNoWrongByte(
              changed(key, (bytes) => bytes.subarray(0, cut)),
              backups,
            );
          await expectNoWrongByte(
            changed(key, (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])),
            backups,
          );
          await expectNoWrongByte(
            changed(key, () => null),
            backups,
          );
        }
      });
    }

    it('is found when any two objects are swapped', async () => {
      const keys = [...objects.keys()];
      for (const a of keys) {
        for (const b of keys) {
          if (a < b) {
            const swapped = changed(a, () => objects.get(b)!);
            swapped.set(b, objects.get(a)!);
            await expectNoWrongByte(swapped, backups);
          }
        }
      }
    });

    it('is found when objects come from another repository of the same owner', async () => {
      const other = await backedUp(encrypt, true);
      for (const kind of kinds) {
        const mixed = new Map(objects);
        for (const key of keysOf(kind)) mixed.delete(key);
        for (const [key, bytes] of other.objects) if (key.startsWith(kind)) mixed.set(key, bytes);
        await expectNoWrongByte(mixed, backups);
      }
    });

    it('is worked around, with a warning, when it is in index objects alone', async () => {
      const damaged = new Map(objects);
      for (const key of keysOf('index/')) damaged.set(key, Buffer.from('damaged'));
      const { restored, warnings } = await expectNoWrongByte(damaged, backups);
      expect(restored).to.equal(2);
      expect(warnings).to.have.length(keysOf('index/').length);
      for (const warning of warnings) expect(warning).to.include('index/');
    });

    it('names the file that it would have spoiled', async () => {
      const dataPack = keysOf('packs/').reduce((a, b) =>
        objects.get(a)!.length >= objects.get(b)!.length ? a : b,
      );
      const damage = (bytes: Buffer) => {
        bytes[1000]! ^= 1;
        return bytes;
      };
      const store = new MemoryStore(changed(dataPack, damage));
      const { engine } = createEngineTill({ FILES: new Map() }, { store });
      await engine.open({ mayCreate: false });
      const error: unknown = await engine
        .restore(restoreRequest(backups[0]!.snapshotId), {})
        .catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(AppError);
      expect((error as AppError).details).to.include({ component: 'FILES', path: 'a/large' });
    });
  });
}
