import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import type { Component } from '../../src/shared/component.js';
import { MemoryStore } from '../../src/storage/memory-store.js';
import { expectTree, restoreRequest } from '../support/engine-till.js';
import type { MemoryTree } from '../support/memory-till.js';
import {
  createGoldenTill,
  GOLDEN_KINDS,
  type GoldenKind,
  goldenBackups,
  writeGolden,
} from './golden-till.js';

/** Every object of a golden repository, by key. */
function readGolden(kind: GoldenKind): Map<string, Buffer> {
  const root = resolve('tests/golden/v1', kind);
  const objects = new Map<string, Buffer>();
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const path = join(root, name);
    if (statSync(path).isFile()) objects.set(name, readFileSync(path));
  }
  return objects;
}

const hexOf = (objects: Map<string, Buffer>) =>
  Object.fromEntries([...objects].map(([key, bytes]) => [key, bytes.toString('hex')]));

describe('golden repositories of format version 1', () => {
  for (const kind of GOLDEN_KINDS) {
    it(`restore byte for byte: ${kind}`, async () => {
      const { engine, targets, warnings } = createGoldenTill(kind, new MemoryStore(readGolden(kind)));
      await engine.open({ mayCreate: false });
      const snapshots = await engine.listSnapshots();
      const backups = goldenBackups(kind);
      expect(snapshots.map(({ backupId }) => backupId)).to.have.members(
        backups.map(({ backupId }) => backupId),
      );
      for (const { backupId, trees } of backups) {
        const { snapshotId, labels } = snapshots.find((snapshot) => snapshot.backupId === backupId)!;
        const components = Object.keys(trees) as Component[];
        await engine.restore(restoreRequest(snapshotId, { components }), {});
        for (const [component, tree] of Object.entries(trees) as [Component, MemoryTree][]) {
          expectTree(targets.get(component)!.live, tree);
        }
        expect(labels).to.deep.equal({
          name: `Golden ${backupId}`,
          retentionDays: 30,
          pinned: false,
          note: null,
        });
      }
      expect(warnings).to.deep.equal([]);
    });
  }

  it('are what the writer of today writes', async () => {
    const written = new Map<string, Buffer>();
    await writeGolden('raw', new MemoryStore(written));
    expect(hexOf(written)).to.deep.equal(hexOf(readGolden('raw')));
  });
});
