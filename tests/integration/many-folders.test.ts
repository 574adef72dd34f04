import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import type { Staging } from '../../src/engine/index.js';
import { systemClock } from '../../src/shared/clock.js';
import { FolderSource } from '../../src/sources/folder-source.js';
import { FolderTarget } from '../../src/sources/folder-target.js';
import { stageFrom } from '../support/copy-component.js';
import { errorFrom } from '../support/engine-till.js';
import { scaled } from '../support/scale.js';
import { makeFolder, removeFolder } from '../support/till-folder.js';

const FOLDERS = scaled(600, 10_000);
const RECORDED = new Date('2025-03-04T05:06:07Z');

describe('adding many folders to a live one', () => {
  let folder: string;
  let live: string;
  let staging: Staging;

  beforeEach(async function () {
    this.timeout(scaled(30_000, 600_000));
    folder = await makeFolder();
    live = join(folder, 'till/files');
    const saved = join(folder, 'saved');
    for (let at = 0; at < FOLDERS; at++) {
      mkdirSync(join(saved, `f${at}`), { recursive: true });
      writeFileSync(join(saved, `f${at}/a`), `saved ${at}`);
    }
    mkdirSync(join(live, 'f1'), { recursive: true });
    writeFileSync(join(live, 'f1/b'), 'live');
    utimesSync(join(live, 'f1'), RECORDED, RECORDED);
    const source = new FolderSource('FILES', [{ label: 'files', path: saved }], { clock: systemClock });
    const target = new FolderTarget('FILES', { kind: 'live', roots: [{ label: 'files', path: live }] });
    ({ staging } = await stageFrom(source, target, { restoreId: randomUUID(), overwrite: false }));
    await staging.check({});
    await staging.prepare();
  });
  afterEach(async function () {
    this.timeout(scaled(30_000, 600_000));
    await staging.discard();
    await removeFolder(folder);
  });

  /** How often others got their turn while `work` went on. */
  async function countTurns(work: Promise<void>): Promise<number> {
    let turns = 0;
    let isDone = false;
    const counting = (async () => {
      for (; !isDone; turns++) await nextTurn();
    })();
    await work.finally(() => {
      isDone = true;
    });
    await counting;
    return turns;
  }

  it('gives others their turn, in doing it and in undoing it', async () => {
    expect(await countTurns(staging.swap())).to.be.greaterThan(FOLDERS / 64);
    expect(readdirSync(live)).to.have.length(FOLDERS);
    expect(await countTurns(staging.undo())).to.be.greaterThan(FOLDERS / 64);
    expect(readdirSync(live, { recursive: true }).sort()).to.deep.equal(['f1', 'f1/b']);
  });

  it('ends soon after a cancellation, and leaves the folder as it was', async () => {
    const cancelling = new AbortController();
    setImmediate(() => cancelling.abort());
    const error = await errorFrom(staging.swap({ signal: cancelling.signal }));
    expect(error.code).to.equal('CANCELLED');
    expect(readdirSync(live).length).to.be.lessThan(FOLDERS);
    await staging.undo();
    expect(readdirSync(live, { recursive: true }).sort()).to.deep.equal(['f1', 'f1/b']);
    expect(statSync(join(live, 'f1')).mtimeMs).to.equal(RECORDED.getTime());
  });
});
