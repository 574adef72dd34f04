import { expect } from 'chai';
import type { VerifyUpdate } from '../../../../src/engine/index.js';
import { KiB } from '../../../../src/shared/bytes.js';
import { MemoryStore } from '../../../../src/storage/memory-store.js';
import { backupRequest, createEngineTill, expectCode } from '../../../support/engine-till.js';
import type { MemoryTree } from '../../../support/memory-till.js';
import { createSeededBytes } from '../../../support/seeded-random.js';

function makeTree(seed: string, files: number): MemoryTree {
  const bytes = createSeededBytes(seed);
  return new Map(
    Array.from({ length: files }, (_, at) => [
      `${seed}-${String(at).padStart(4, '0')}`,
      { kind: 'file' as const, content: bytes(900 * KiB) },
    ]),
  );
}

describe('runVerify()', () => {
  let objects: Map<string, Buffer>;

  beforeEach(() => {
    objects = new Map();
  });

  async function backUp(files: number) {
    const store = new MemoryStore(objects);
    const till = createEngineTill(
      { CONFIG: makeTree('config', 1), FILES: makeTree('files', files) },
      { store },
    );
    await till.engine.open({ mayCreate: true });
    const request = backupRequest('b1', { components: ['CONFIG', 'FILES'] });
    return { engine: till.engine, outcome: await till.engine.backup(request, {}) };
  }

  /** Packs of data, largest first; that of the manifests is the smallest. */
  function packs(): Buffer[] {
    const found = [...objects].filter(([key]) => key.startsWith('packs/')).map(([, bytes]) => bytes);
    return found.sort((a, b) => b.length - a.length);
  }

  it('checks every byte and reports each once', async () => {
    const { engine, outcome } = await backUp(5);
    const updates: VerifyUpdate[] = [];
    const found = await engine.verify(outcome, { onProgress: (update) => updates.push(update) });
    const { sizeBytes, fileCount } = outcome;
    expect(found).to.deep.equal({
      checkedBytes: sizeBytes,
      checkedFiles: fileCount,
      damagedFiles: 0,
      damaged: [],
    });
    expect(updates.at(-1)).to.include({
      processedBytes: sizeBytes,
      totalBytes: sizeBytes,
      totalFiles: fileCount,
    });
  });

  it('names every damaged file and goes on', async () => {
    const { engine, outcome } = await backUp(20);
    for (const pack of packs().slice(0, -1)) pack[2_000_000]! ^= 1;
    const found = await engine.verify(outcome, {});
    expect(found.damagedFiles).to.be.greaterThan(1).and.to.equal(found.damaged.length);
    expect(new Set(found.damaged.map(({ path }) => path)).size).to.equal(found.damagedFiles);
    expect(found.checkedFiles).to.equal(outcome.fileCount);
    expect(found.checkedBytes).to.equal(outcome.sizeBytes);
  });

  it('says so when the list of files itself is damaged, and checks the other components', async () => {
    const { engine, outcome } = await backUp(20);
    const manifests = packs().at(-1)!;
    manifests.fill(0, 44, 60);
    const found = await engine.verify(outcome, {});
    expect(found.damaged).to.have.length.greaterThan(0);
    expect(found.damaged.map(({ path }) => path)).to.include(null);
  });

  it('answers NOT_FOUND for a snapshot that is gone', async () => {
    const { engine, outcome } = await backUp(1);
    await engine.deleteSnapshot(outcome.snapshotId);
    await expectCode(engine.verify(outcome, {}), 'NOT_FOUND');
  });

  it('ends when it is cancelled', async () => {
    const { engine, outcome } = await backUp(5);
    const cancel = new AbortController();
    await expectCode(
      engine.verify(outcome, { signal: cancel.signal, onProgress: () => cancel.abort() }),
      'CANCELLED',
    );
  });
});
