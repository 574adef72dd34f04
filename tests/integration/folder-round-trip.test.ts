import { randomUUID } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { systemClock } from '../../src/shared/clock.js';
import { FolderHandle } from '../../src/sources/folder-handle.js';
import { FolderSource } from '../../src/sources/folder-source.js';
import { FolderTarget } from '../../src/sources/folder-target.js';
import { copyComponent, stageFrom } from '../support/copy-component.js';
import { allocatedBytes, makeTree, readTree, treeArbitrary } from '../support/random-tree.js';
import { scaled } from '../support/scale.js';
import { makeFolder, removeFolder } from '../support/till-folder.js';

const GIB = 1024 ** 3;

describe('folder round trip', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await makeFolder();
  });

  afterEach(() => removeFolder(folder));

  function source(at: string): FolderSource {
    return new FolderSource('FILES', [{ label: 'etc/files', path: at }], { clock: systemClock });
  }

  function options(overwrite: boolean) {
    return { restoreId: randomUUID(), overwrite };
  }

  for (const overwrite of [true, false]) {
    it(`brings any tree back where nothing is, with overwrite ${overwrite}`, async function () {
      this.timeout(600_000);
      await fc.assert(
        fc.asyncProperty(treeArbitrary, async (tree) => {
          const run = join(folder, randomUUID());
          mkdirSync(join(run, 'etc'), { recursive: true });
          makeTree(join(run, 'etc/files'), tree);
          const target = new FolderTarget('FILES', {
            kind: 'live',
            roots: [{ label: 'etc/files', path: join(run, 'till/etc/files') }],
          });
          await copyComponent(source(join(run, 'etc/files')), target, options(overwrite));
          expect(readTree(join(run, 'till/etc/files'))).to.deep.equal(readTree(join(run, 'etc/files')));
          expect(readdirSync(run).sort()).to.deep.equal(['etc', 'till']);
          expect(readdirSync(join(run, 'till/etc'))).to.deep.equal(['files']);
        }),
        { numRuns: scaled(40, 1000) },
      );
    });
  }

  it('makes a live tree exactly what another tree is', async function () {
    this.timeout(600_000);
    await fc.assert(
      fc.asyncProperty(treeArbitrary, treeArbitrary, async (tree, live) => {
        const run = join(folder, randomUUID());
        mkdirSync(join(run, 'till'), { recursive: true });
        makeTree(join(run, 'saved'), tree);
        makeTree(join(run, 'till/files'), live);
        const target = new FolderTarget('FILES', {
          kind: 'live',
          roots: [{ label: 'etc/files', path: join(run, 'till/files') }],
        });
        await copyComponent(source(join(run, 'saved')), target, options(true));
        expect(readTree(join(run, 'till/files'))).to.deep.equal(readTree(join(run, 'saved')));
        expect(readdirSync(join(run, 'till'))).to.deep.equal(['files']);
      }),
      { numRuns: scaled(30, 500) },
    );
  });

  it('leaves everything that exists as it is with overwrite false, and takes back only what it added', async function () {
    this.timeout(600_000);
    await fc.assert(
      fc.asyncProperty(treeArbitrary, treeArbitrary, async (tree, live) => {
        const run = join(folder, randomUUID());
        mkdirSync(join(run, 'till'), { recursive: true });
        makeTree(join(run, 'saved'), tree);
        makeTree(join(run, 'till/files'), live);
        const before = readTree(join(run, 'till/files'));
        const target = new FolderTarget('FILES', {
          kind: 'live',
          roots: [{ label: 'etc/files', path: join(run, 'till/files') }],
        });
        const { staging } = await stageFrom(source(join(run, 'saved')), target, options(false));
        await staging.check({});
        await staging.prepare();
        await staging.swap();
        const after = new Map(readTree(join(run, 'till/files')).map((entry) => [entry.path, entry]));
        for (const entry of before) {
          const now = after.get(entry.path);
          if (entry.kind === 'folder') expect(now).to.include({ kind: 'folder', mode: entry.mode });
          else expect(now).to.deep.equal(entry);
        }
        await staging.undo();
        await staging.discard();
        expect(readTree(join(run, 'till/files'))).to.deep.equal(before);
        expect(readdirSync(join(run, 'till'))).to.deep.equal(['files']);
      }),
      { numRuns: scaled(30, 500) },
    );
  });

  it('keeps a hole of one gibibyte', async function () {
    this.timeout(120_000);
    mkdirSync(join(folder, 'saved'));
    writeFileSync(join(folder, 'saved/sparse'), 'start');
    truncateSync(join(folder, 'saved/sparse'), GIB);
    const target = new FolderTarget('FILES', {
      kind: 'live',
      roots: [{ label: 'etc/files', path: join(folder, 'till') }],
    });
    await copyComponent(source(join(folder, 'saved')), target, options(true));
    expect(lstatSync(join(folder, 'till/sparse')).size).to.equal(GIB);
    expect(allocatedBytes(join(folder, 'till/sparse'))).to.be.below(64 * 1024);
  });

  it('brings back a path that is longer than the system takes at once', async () => {
    let deep = Buffer.from(join(folder, 'saved'));
    mkdirSync(deep);
    const handles = [FolderHandle.open(deep)];
    for (let level = 0; level < 60; level++) {
      deep = Buffer.from('d'.repeat(200));
      mkdirSync(handles.at(-1)!.child(deep));
      handles.push(handles.at(-1)!.openChild(deep));
    }
    writeFileSync(handles.at(-1)!.child(Buffer.from('bottom')), 'found');
    for (const handle of handles) handle.close();
    const target = new FolderTarget('FILES', {
      kind: 'live',
      roots: [{ label: 'etc/files', path: join(folder, 'till') }],
    });
    const { paths } = await copyComponent(source(join(folder, 'saved')), target, options(true));
    const copy = new FolderSource('FILES', [{ label: 'etc/files', path: join(folder, 'till') }], {
      clock: systemClock,
    });
    const capture = await copy.capture({});
    const found: Buffer[] = [];
    for await (const entry of capture.entries()) found.push(Buffer.from(entry.path));
    await capture.close();
    expect(found).to.deep.equal(paths);
    expect(found.at(-1)!.length).to.be.above(12_000);
  });
});
