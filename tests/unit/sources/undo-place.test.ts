/** Undoes swaps of folders from every state that a crash can leave, by their plans alone. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ContentsPlan, ReplacingPlan } from '../../../src/sources/place-plans.js';
import { undoPlace } from '../../../src/sources/undo-place.js';
import { makeFolder, removeFolder } from '../../support/till-folder.js';

describe('undoPlace()', () => {
  let folder: string;
  let live: string;
  let staging: string;

  beforeEach(async () => {
    folder = await makeFolder();
    live = join(folder, 'live');
    staging = join(folder, '.tillvault-r');
    mkdirSync(staging);
  });
  afterEach(() => removeFolder(folder));

  function makeTree(path: string, text: string): void {
    mkdirSync(path);
    writeFileSync(join(path, 'file'), text);
  }

  const textOf = (path: string) => readFileSync(join(path, 'file'), 'utf8');

  context('for a folder that is replaced', () => {
    const plan = (isTaken = true): ReplacingPlan => ({
      kind: 'replace',
      shownAs: 'live',
      live,
      folder: staging,
      exclusive: false,
      isTaken,
      missing: [],
    });
    /** What a swap does, one step after the other. */
    const steps = [
      () => {},
      () => renameSync(live, join(staging, 'old')),
      () => renameSync(join(staging, 'new'), live),
    ];

    for (let done = 0; done < steps.length; done++) {
      it(`brings the old one back after ${done} renames, also twice`, async () => {
        makeTree(live, 'old');
        makeTree(join(staging, 'new'), 'new');
        for (const step of steps.slice(0, done + 1)) step();
        await undoPlace(plan());
        await undoPlace(plan());
        expect(textOf(live)).to.equal('old');
        expect(textOf(join(staging, 'new'))).to.equal('new');
      });
    }

    it('goes on where an undo was cut short', async () => {
      makeTree(join(staging, 'new'), 'new');
      makeTree(join(staging, 'old'), 'old');
      await undoPlace(plan());
      expect(textOf(live)).to.equal('old');
    });

    it('puts aside what somebody made in its place', async () => {
      makeTree(join(staging, 'new'), 'new');
      makeTree(join(staging, 'old'), 'old');
      makeTree(live, 'appeared');
      await undoPlace(plan());
      expect(textOf(live)).to.equal('old');
    });

    it('takes a new one away where nothing was', async () => {
      makeTree(live, 'new');
      await undoPlace(plan(false));
      expect(existsSync(live)).to.equal(false);
    });

    it('leaves what appeared where nothing was, when nothing was swapped', async () => {
      makeTree(join(staging, 'new'), 'new');
      makeTree(live, 'appeared');
      await undoPlace(plan(false));
      expect(textOf(live)).to.equal('appeared');
    });

    it('brings a file back that was linked aside, replaced or not', async () => {
      for (const isReplaced of [false, true]) {
        writeFileSync(live, 'old');
        writeFileSync(join(staging, 'new'), 'new');
        linkSync(live, join(staging, 'old'));
        if (isReplaced) renameSync(join(staging, 'new'), live);
        await undoPlace(plan());
        await undoPlace(plan());
        expect(readFileSync(live, 'utf8')).to.equal('old');
        expect(readdirSync(staging)).to.not.include('old');
      }
    });
  });

  context('for a folder whose content is replaced', () => {
    const plan = (): ContentsPlan => ({
      kind: 'contents',
      shownAs: 'live',
      live,
      folder: staging,
      missing: [],
      names: ['a', 'b'],
      before: { mode: 0o755, uid: process.getuid!(), gid: process.getgid!(), mtimeNs: '1700000000000000000' },
    });
    const steps = [
      () => renameSync(join(live, 'a'), join(staging, 'old/a')),
      () => renameSync(join(live, 'c'), join(staging, 'old/c')),
      () => renameSync(join(staging, 'new/a'), join(live, 'a')),
      () => renameSync(join(staging, 'new/b'), join(live, 'b')),
    ];

    for (let done = 0; done <= steps.length; done++) {
      it(`brings the old content back after ${done} renames, also twice`, async () => {
        for (const path of [live, join(staging, 'new'), join(staging, 'old')]) mkdirSync(path);
        for (const name of ['a', 'c']) writeFileSync(join(live, name), `old ${name}`);
        for (const name of ['a', 'b']) writeFileSync(join(staging, 'new', name), `new ${name}`);
        for (const step of steps.slice(0, done)) step();
        await undoPlace(plan());
        await undoPlace(plan());
        const found = readdirSync(live).map((name) => readFileSync(join(live, name), 'utf8'));
        expect(found.sort()).to.deep.equal(['old a', 'old c']);
      });
    }
  });
});
