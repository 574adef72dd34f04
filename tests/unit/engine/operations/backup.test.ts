import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import type { FileReader, SourceEntry } from '../../../../src/engine/index.js';
import { MiB } from '../../../../src/shared/bytes.js';
import { MemoryStore } from '../../../../src/storage/memory-store.js';
import {
  backupRequest,
  createEngineTill,
  errorFrom,
  expectCode,
  expectTree,
  restoreRequest,
} from '../../../support/engine-till.js';
import type { MemoryTree } from '../../../support/memory-till.js';

const identity = (inode: bigint) => ({ device: 1n, inode, ctimeNs: 5n });

async function openTill(tree: MemoryTree, objects = new Map<string, Buffer>()) {
  const till = createEngineTill({ FILES: tree }, { store: new MemoryStore(objects) });
  await till.engine.open({ mayCreate: true });
  return { ...till, objects, source: till.sources.get('FILES')!, target: till.targets.get('FILES')! };
}

describe('runBackup()', () => {
  context('when a file changes while it is read', () => {
    it('reads it again and keeps the whole of the new content', async () => {
      const tree: MemoryTree = new Map([['a', { kind: 'file', content: randomBytes(3 * MiB) }]]);
      const { engine, source, target } = await openTill(tree);
      let changes = 1;
      source.onRead = () => {
        if (changes-- > 0) tree.set('a', { kind: 'file', content: randomBytes(2 * MiB) });
      };
      const { snapshotId, notices } = await engine.backup(backupRequest('b1'), {});
      await engine.restore(restoreRequest(snapshotId), {});
      expect(notices).to.deep.equal([]);
      expectTree(target.live, tree);
    });

    it('says so when it never stands still, and stays restorable', async () => {
      const tree: MemoryTree = new Map([['a', { kind: 'file', content: randomBytes(MiB) }]]);
      const { engine, source } = await openTill(tree);
      source.onRead = () => tree.set('a', { kind: 'file', content: randomBytes(MiB) });
      const { snapshotId, notices } = await engine.backup(backupRequest('b1'), {});
      expect(notices).to.have.length(1);
      expect((await engine.restore(restoreRequest(snapshotId), {})).restoredFiles).to.equal(1);
    });

    it('keeps what it has read when the file then vanishes, and stays restorable', async () => {
      const content = randomBytes(MiB);
      const tree: MemoryTree = new Map([['a', { kind: 'file', content }]]);
      const { engine, source, target } = await openTill(tree);
      source.onRead = () => tree.delete('a');
      const { snapshotId, notices } = await engine.backup(backupRequest('b1'), {});
      await engine.restore(restoreRequest(snapshotId), {});
      expect(notices).to.have.length(1);
      expectTree(target.live, new Map([['a', { kind: 'file', content }]]));
    });
  });

  it('takes entries and content that arrive later, as a dump does', async () => {
    const tree: MemoryTree = new Map([
      ['dump', { kind: 'file', content: randomBytes(3 * MiB) }],
      ['other', { kind: 'file', content: randomBytes(10) }],
    ]);
    const { engine, source, target } = await openTill(tree);
    source.maxReadBytes = 70_000;
    const capture = await source.capture();
    async function* entries(): AsyncGenerator<SourceEntry> {
      for await (const entry of capture.entries()) {
        await nextTurn();
        yield entry.kind === 'file' ? { ...entry, open: () => later(entry.open()!) } : entry;
      }
    }
    const later = (reader: FileReader): FileReader => ({
      ...reader,
      read: async (buffer) => {
        await nextTurn();
        return reader.read(buffer);
      },
    });
    source.capture = async () => ({ ...capture, entries });
    const { snapshotId } = await engine.backup(backupRequest('b1'), {});
    await engine.restore(restoreRequest(snapshotId), {});
    expectTree(target.live, tree);
  });

  it('leaves out a file that vanished before it was read, and says so', async () => {
    const tree: MemoryTree = new Map([
      ['a', { kind: 'file', content: randomBytes(10) }],
      ['b', { kind: 'file', content: randomBytes(10) }],
    ]);
    const { engine, source } = await openTill(tree);
    source.onRead = () => tree.delete('b');
    const { notices, fileCount } = await engine.backup(backupRequest('b1'), {});
    expect(notices).to.have.length(1);
    expect(fileCount).to.equal(1);
  });

  it('reads a file again when its size is another, even if its times are the same', async () => {
    const tree: MemoryTree = new Map([
      ['a', { kind: 'file', content: Buffer.from('before'), identity: identity(1n) }],
    ]);
    const { engine, source, target } = await openTill(tree);
    await engine.backup(backupRequest('b1'), {});
    tree.set('a', { kind: 'file', content: Buffer.from('and after'), identity: identity(1n) });
    const { snapshotId } = await engine.backup(backupRequest('b2'), {});
    await engine.restore(restoreRequest(snapshotId), {});
    expect(source.filesRead).to.equal(2);
    expectTree(target.live, tree);
  });

  for (const entry of [{ path: '../escape' }, { path: 'no/folder' }]) {
    it(`fails when a source gives the path "${entry.path}", rather than commit what cannot be restored`, async () => {
      const { engine } = await openTill(new Map([[entry.path, { kind: 'file', content: Buffer.from('x') }]]));
      await errorFrom(engine.backup(backupRequest('b1'), {}));
      expect(await engine.listSnapshots()).to.deep.equal([]);
    });
  }

  it('fails rather than rely on chunks of a storage that is no longer there', async () => {
    const content = randomBytes(MiB);
    const { engine, objects } = await openTill(new Map([['a', { kind: 'file', content }]]));
    await engine.backup(backupRequest('b1'), {});
    objects.clear(); // as when the disk is not mounted any more
    await expectCode(engine.backup(backupRequest('b2'), {}), 'SERVICE_UNAVAILABLE');
    expect([...objects.keys()]).to.deep.equal([]);
  });

  it('fails rather than write into another repository', async () => {
    const { engine, objects } = await openTill(
      new Map([['a', { kind: 'file', content: randomBytes(1000) }]]),
    );
    const other = await openTill(new Map());
    objects.clear();
    for (const [key, bytes] of other.objects) objects.set(key, bytes);
    await expectCode(engine.backup(backupRequest('b1'), {}), 'SERVICE_UNAVAILABLE');
  });

  it('runs beside listings, restores and deletions', async () => {
    const tree: MemoryTree = new Map(
      Array.from({ length: 30 }, (_, at) => [`f${at}`, { kind: 'file', content: randomBytes(MiB) }]),
    );
    const { engine, target } = await openTill(tree);
    const first = await engine.backup(backupRequest('b1'), {});
    const copy = new Map(tree);
    for (const path of tree.keys()) tree.set(path, { kind: 'file', content: randomBytes(MiB) });
    let isRunning = true;
    const backup = engine.backup(backupRequest('b2'), {}).finally(() => {
      isRunning = false;
    });
    while (isRunning) {
      await engine.listSnapshots();
      await engine.restore(restoreRequest(first.snapshotId), {});
      expectTree(target.live, copy);
    }
    await engine.deleteSnapshot(first.snapshotId);
    await engine.restore(restoreRequest((await backup).snapshotId), {});
    expectTree(target.live, tree);
    expect(await engine.listSnapshots()).to.have.length(1);
  });

  it('does not take chunks or parents of a plain backup for an encrypted one', async () => {
    const tree: MemoryTree = new Map([
      ['a', { kind: 'file', content: randomBytes(100_000), identity: identity(1n) }],
    ]);
    const { engine, source } = await openTill(tree);
    const plain = await engine.backup(backupRequest('b1', { encrypt: false }), {});
    const sealed = await engine.backup(backupRequest('b2', { encrypt: true }), {});
    expect(sealed.storedBytes).to.be.greaterThan(plain.storedBytes / 2);
    expect(source.filesRead).to.equal(2);
  });

  it('stores content that comes twice once', async () => {
    const content = randomBytes(2 * MiB);
    const paths = ['a', 'b', 'c', 'd'];
    const { engine } = await openTill(new Map(paths.map((path) => [path, { kind: 'file', content }])));
    const { storedBytes, sizeBytes } = await engine.backup(backupRequest('b1'), {});
    expect(sizeBytes).to.equal(8 * MiB);
    expect(storedBytes).to.be.lessThan(2.1 * MiB);
  });

  it('stores nothing of the content in a form that can be read, when encrypted', async () => {
    const content = Buffer.from('4111 1111 1111 1111 '.repeat(10));
    const { engine, objects } = await openTill(new Map([['customer-cards', { kind: 'file', content }]]));
    await engine.backup(backupRequest('b1', { compress: false, labels: { name: 'secret-label' } }), {});
    for (const [key, bytes] of objects) {
      for (const secret of ['4111 1111', 'customer-cards', 'secret-label'])
        expect(bytes.includes(secret), key).to.equal(false);
    }
  });

  it('reports counters that never go down, in the order of the phases', async () => {
    const tree: MemoryTree = new Map(
      Array.from({ length: 50 }, (_, at) => [`f${at}`, { kind: 'file', content: randomBytes(50_000) }]),
    );
    const { engine } = await openTill(tree);
    const phases: string[] = [];
    let last = { processedBytes: 0, processedFiles: 0, totalBytes: 0, totalFiles: 0, storedBytes: 0 };
    const onProgress = (update: typeof last & { phase: string }) => {
      if (phases.at(-1) !== update.phase) phases.push(update.phase);
      for (const field of [
        'processedBytes',
        'processedFiles',
        'totalBytes',
        'totalFiles',
        'storedBytes',
      ] as const)
        expect(update[field]).to.be.at.least(last[field]);
      last = update;
    };
    await engine.backup(backupRequest('b1'), { onProgress });
    expect(phases).to.deep.equal(['SCANNING', 'CAPTURING', 'FINALIZING']);
    expect(last).to.include({
      processedBytes: 2_500_000,
      totalBytes: 2_500_000,
      processedFiles: 50,
      totalFiles: 50,
    });
  });

  it('takes what the last backup held for what there is to do', async () => {
    const tree: MemoryTree = new Map([['a', { kind: 'file', content: randomBytes(1_000) }]]);
    const { engine } = await openTill(tree);
    await engine.backup(backupRequest('b1'), {});
    tree.set('b', { kind: 'file', content: randomBytes(500) });
    const totals: number[] = [];
    await engine.backup(backupRequest('b2'), { onProgress: ({ totalBytes }) => totals.push(totalBytes) });
    expect([...new Set(totals)]).to.deep.equal([0, 1_000, 1_500]);
  });
});
