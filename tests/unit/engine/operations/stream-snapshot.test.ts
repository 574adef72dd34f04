import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { SnapshotPiece, StreamRequest } from '../../../../src/engine/index.js';
import { MiB } from '../../../../src/shared/bytes.js';
import { MemoryStore } from '../../../../src/storage/memory-store.js';
import { CountingStore } from '../../../support/counting-store.js';
import { backupRequest, createEngineTill, expectCode } from '../../../support/engine-till.js';
import type { MemoryTree } from '../../../support/memory-till.js';

/** Ten small files, one of several records (a record holds 1,024 chunks), and what is no file. */
function makeTree(): MemoryTree {
  const tree: MemoryTree = new Map([
    ['empty', { kind: 'directory' }],
    ['folder', { kind: 'directory' }],
    ['folder/link', { kind: 'symlink', target: Buffer.from('../nowhere\xff', 'latin1') }],
    ['folder/nothing', { kind: 'file', content: Buffer.alloc(0) }],
    ['large', { kind: 'file', content: randomBytes(36 * MiB), cutting: 'pages' }],
    ['odd\xff\xfename', { kind: 'file', content: randomBytes(100) }],
  ]);
  for (let number = 0; number < 10; number++)
    tree.set(`folder/small-${number}`, { kind: 'file', content: randomBytes(5_000) });
  return tree;
}

async function openTill(tree: MemoryTree, store = new MemoryStore()) {
  const till = createEngineTill(
    { FILES: tree, CONFIG: new Map([['pos.json', { kind: 'file', content: Buffer.from('{}') }]]) },
    { store },
  );
  await till.engine.open({ mayCreate: true });
  const { snapshotId } = await till.engine.backup(
    backupRequest('b1', { components: ['CONFIG', 'FILES'] }),
    {},
  );
  const request: StreamRequest = { snapshotId, components: ['FILES'], withContent: true };
  return { ...till, request };
}

/** Everything that comes, with the content of each file as its size and SHA-256. */
async function collect(pieces: AsyncIterable<SnapshotPiece>) {
  const entries: { path: string; kind: string; said: string; target: string; content: Buffer[] }[] = [];
  for await (const piece of pieces) {
    if (piece.kind === 'content') {
      entries.at(-1)?.content.push(Buffer.from(piece.bytes));
      continue;
    }
    entries.push({
      path: Buffer.from(piece.path).toString('latin1'),
      kind: piece.kind,
      said: piece.kind === 'file' ? `${piece.sizeBytes} ${Buffer.from(piece.checksum).toString('hex')}` : '',
      target: piece.kind === 'symlink' ? Buffer.from(piece.target).toString('latin1') : '',
      content: [],
    });
  }
  return entries.map(({ content, ...entry }) => ({ ...entry, content: Buffer.concat(content) }));
}

describe('streamSnapshot()', () => {
  it('gives every entry in manifest order, with size and checksum ahead of the content', async () => {
    const tree = makeTree();
    const { engine, request } = await openTill(tree);
    const entries = await collect(engine.streamSnapshot(request));
    expect(entries.map(({ path }) => path)).to.have.members([...tree.keys()]);
    expect(entries.map(({ path }) => path).slice(0, 3)).to.deep.equal(['empty', 'folder', 'folder/link']);
    for (const { path, kind, content, said, target } of entries) {
      const expected = tree.get(path)!;
      expect(kind, path).to.equal(expected.kind);
      if (expected.kind === 'symlink') expect(target).to.equal(expected.target.toString('latin1'));
      if (expected.kind !== 'file') continue;
      expect(content.equals(expected.content), path).to.equal(true);
      expect(said, path).to.equal(`${content.length} ${createHash('sha256').update(content).digest('hex')}`);
    }
  });

  it('gives the same entries without content, and then reads none', async () => {
    const store = new CountingStore();
    const { engine, request } = await openTill(makeTree(), store);
    const whole = await collect(engine.streamSnapshot(request));
    store.reset();
    const bare = await collect(engine.streamSnapshot({ ...request, withContent: false }));
    expect(bare).to.deep.equal(whole.map((entry) => ({ ...entry, content: Buffer.alloc(0) })));
    expect(store.bytesRead).to.be.lessThan(MiB);
  });

  for (const cutting of ['pages', 'content'] as const) {
    it(`reads every block of a large file about once (${cutting})`, async () => {
      const store = new CountingStore();
      const { engine, request } = await openTill(
        new Map([['large', { kind: 'file', content: randomBytes(36 * MiB), cutting }]]),
        store,
      );
      store.reset();
      await collect(engine.streamSnapshot(request));
      expect(store.bytesRead / MiB).to.be.lessThan(38);
    });
  }

  it('gives the wanted paths with the folders above them, and refuses one that the backup does not hold', async () => {
    const { engine, request } = await openTill(makeTree());
    const stream = (paths: string[]) => collect(engine.streamSnapshot({ ...request, paths }));
    expect((await stream(['folder/small-3', 'odd\\xff\\xfename'])).map(({ path }) => path)).to.deep.equal([
      'folder',
      'folder/small-3',
      'odd\xff\xfename',
    ]);
    await expectCode(stream(['folder/none']), 'BAD_USER_INPUT');
  });

  it('goes through the components in their order, and refuses one that the backup does not hold', async () => {
    const { engine, request } = await openTill(makeTree());
    const first = await engine
      .streamSnapshot({ ...request, components: ['FILES', 'CONFIG'] })
      [Symbol.asyncIterator]()
      .next();
    expect(first.value).to.include({ component: 'CONFIG', kind: 'file' });
    await expectCode(collect(engine.streamSnapshot({ ...request, components: ['CACHE'] })), 'BAD_USER_INPUT');
  });

  it('never gives the last byte of a file that is not what was recorded', async () => {
    const store = new MemoryStore();
    const content = randomBytes(3 * MiB);
    const { engine, request } = await openTill(new Map([['file', { kind: 'file', content }]]), store);
    for await (const { key } of store.list('packs/')) {
      const bytes = Buffer.from(await store.get(key));
      if (bytes.length < MiB) continue; // the pack of the manifests
      bytes[bytes.length >> 1]! ^= 1;
      await store.delete(key);
      await store.put(key, [bytes]);
    }
    let received = 0;
    const read = async () => {
      for await (const piece of engine.streamSnapshot(request))
        if (piece.kind === 'content') received += piece.bytes.length;
    };
    const error = await expectCode(read(), 'DATA_CORRUPTED');
    expect(error.details).to.include({ path: 'file', component: 'FILES' });
    expect(received).to.be.lessThan(content.length);
  });

  it('stops when the signal aborts', async () => {
    const { engine, request } = await openTill(makeTree());
    const controller = new AbortController();
    const read = async () => {
      for await (const piece of engine.streamSnapshot(request, { signal: controller.signal }))
        if (piece.kind === 'content') controller.abort();
    };
    await expectCode(read(), 'CANCELLED');
  });
});
