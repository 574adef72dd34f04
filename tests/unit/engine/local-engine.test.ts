import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { LocalEngine } from '../../../src/engine/index.js';
import { systemClock } from '../../../src/shared/clock.js';
import type { Component } from '../../../src/shared/component.js';
import { MemoryStore } from '../../../src/storage/memory-store.js';
import { expectCode } from '../../support/engine-till.js';
import { MemoryJournal } from '../../support/memory-journal.js';
import { MemorySource, MemoryTarget, type MemoryTree } from '../../support/memory-till.js';

const CHEAP_KDF = { memoryKiB: 64, passes: 1, parallelism: 1 };
const PASSPHRASE = 'a passphrase for tests';

function createTill(tree: MemoryTree, objects = new Map<string, Buffer>()) {
  const source = new MemorySource('FILES', tree);
  const target = new MemoryTarget('FILES');
  const engine = new LocalEngine(
    {
      store: new MemoryStore(objects),
      clock: systemClock,
      random: randomBytes,
      onWarning: () => {},
      sources: new Map<Component, MemorySource>([['FILES', source]]),
      createTargets: () => new Map([['FILES', target]]),
      journal: new MemoryJournal(),
    },
    { passphrase: PASSPHRASE, kdfCost: CHEAP_KDF },
  );
  return { engine, source, target, objects };
}

function backupRequest(backupId: string, encrypt = true) {
  return {
    backupId,
    components: ['FILES' as const],
    encrypt,
    compress: true,
    compressionLevel: null,
    labels: {},
  };
}

function restoreRequest(snapshotId: string) {
  return {
    restoreId: 'r1',
    snapshotId,
    components: ['FILES' as const],
    overwrite: true,
    validateOnly: false,
    targetFolder: null,
    restorePoint: null,
  };
}

describe('LocalEngine', () => {
  describe('measureStorage()', () => {
    it('adds up what is stored but for the head', async () => {
      const { engine, objects } = createTill(new Map([['a', { kind: 'file', content: randomBytes(5_000) }]]));
      await engine.open({ mayCreate: true });
      await engine.backup(backupRequest('b1'), {});
      const stored = [...objects].filter(([key]) => key !== 'config').map(([, bytes]) => bytes.length);
      expect(await engine.measureStorage()).to.deep.equal({
        location: 'memory',
        usedBytes: stored.reduce((sum, bytes) => sum + bytes, 0),
        freeBytes: null,
        totalBytes: null,
      });
    });

    it('stops when it is told to', async () => {
      const { engine } = createTill(new Map());
      await engine.open({ mayCreate: true });
      await expectCode(engine.measureStorage({ signal: AbortSignal.abort() }), 'CANCELLED');
    });
  });

  for (const encrypt of [true, false]) {
    context(`when the backup is ${encrypt ? 'encrypted' : 'plain'}`, () => {
      it('restores what was backed up', async () => {
        const tree: MemoryTree = new Map([
          ['folder', { kind: 'directory' }],
          ['folder/empty', { kind: 'file', content: Buffer.alloc(0) }],
          ['folder/large', { kind: 'file', content: randomBytes(3_000_000) }],
          ['folder/link', { kind: 'symlink', target: Buffer.from('large') }],
          ['folder/pages', { kind: 'file', content: Buffer.alloc(1_000_000, 'abc'), cutting: 'pages' }],
          ['small', { kind: 'file', content: Buffer.from('hello') }],
        ]);
        const { engine, target } = createTill(tree);
        await engine.open({ mayCreate: true });
        const { snapshotId, fileCount } = await engine.backup(backupRequest('b1', encrypt), {});
        const outcome = await engine.restore(restoreRequest(snapshotId), {});
        expect(fileCount).to.equal(4);
        expect(outcome).to.include({ validated: true, restoredFiles: 4, skippedFiles: 0 });
        for (const [path, entry] of tree) {
          const { cutting: _, ...expected } = { cutting: null, ...entry };
          expect(target.live.get(path), path).to.deep.equal(expected);
        }
      });
    });
  }

  it('stores nothing but a snapshot when nothing changed', async () => {
    const identity = { device: 1n, inode: 2n, ctimeNs: 3n };
    const { engine, source, objects } = createTill(
      new Map([['a', { kind: 'file', content: randomBytes(500_000), identity }]]),
    );
    await engine.open({ mayCreate: true });
    await engine.backup(backupRequest('b1'), {});
    const before = objects.size;
    const second = await engine.backup(backupRequest('b2'), {});
    expect(second.storedBytes).to.equal(0);
    expect(objects.size).to.equal(before + 1);
    expect(source.filesRead).to.equal(1);
  });
});
