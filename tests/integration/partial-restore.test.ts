import { appendFileSync, chmodSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { printPath } from '../../src/engine/index.js';
import { removeTree } from '../../src/sources/remove-tree.js';
import { type DiskTill, openDiskTill } from '../support/disk-till.js';
import { backupRequest, expectCode, restoreRequest } from '../support/engine-till.js';
import { makeTree, readTree, type TreeEntry, treeArbitrary } from '../support/random-tree.js';
import { scaled } from '../support/scale.js';

describe('partial restore', () => {
  let folder: string;
  let till: DiskTill;
  let runs = 0;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-partial-'));
  });
  afterEach(() => removeTree(Buffer.from(folder)));

  async function openReceipts(): Promise<string> {
    till = await openDiskTill(folder);
    await mkdir(join(till.files, 'receipts/2025'), { recursive: true });
    await mkdir(join(till.files, 'pictures'));
    for (const name of ['receipts/2025/1.txt', 'receipts/2025/2.txt', 'pictures/logo.png'])
      await writeFile(join(till.files, name), `backed up ${name}`);
    const { snapshotId } = await till.engine.backup(backupRequest('b1'), {});
    return snapshotId;
  }

  function restore(snapshotId: string, paths: readonly string[], changes = {}) {
    const request = restoreRequest(snapshotId, { paths, restoreId: `r${runs++}`, ...changes });
    return till.engine.restore(request, {});
  }

  function content(name: string): Promise<string> {
    return readFile(join(till.files, name), 'utf8');
  }

  it('replaces a file and leaves what is beside it', async () => {
    const snapshotId = await openReceipts();
    for (const name of ['1.txt', '2.txt', '3.txt'])
      await writeFile(join(till.files, 'receipts/2025', name), 'changed');
    const outcome = await restore(snapshotId, ['files/receipts/2025/1.txt']);
    expect(outcome).to.include({ restoredFiles: 1, skippedFiles: 0 });
    expect(await content('receipts/2025/1.txt')).to.equal('backed up receipts/2025/1.txt');
    expect(await content('receipts/2025/2.txt')).to.equal('changed');
    expect(await content('receipts/2025/3.txt')).to.equal('changed');
  });

  it('makes a folder exactly what the backup holds', async () => {
    const snapshotId = await openReceipts();
    await unlink(join(till.files, 'receipts/2025/1.txt'));
    await writeFile(join(till.files, 'receipts/2025/extra'), 'extra');
    await writeFile(join(till.files, 'receipts/beside'), 'beside');
    await restore(snapshotId, ['files/receipts/2025']);
    expect(readTree(join(till.files, 'receipts')).map(({ path }) => path)).to.deep.equal([
      '',
      '2025',
      '2025/1.txt',
      '2025/2.txt',
      'beside',
    ]);
  });

  it('makes the folders on the way that are missing', async () => {
    const snapshotId = await openReceipts();
    await rm(till.files, { recursive: true });
    await restore(snapshotId, ['files/receipts/2025/2.txt']);
    expect(readTree(till.files).map(({ path }) => path)).to.deep.equal([
      '',
      'receipts',
      'receipts/2025',
      'receipts/2025/2.txt',
    ]);
  });

  it('skips what is there without overwrite', async () => {
    const snapshotId = await openReceipts();
    await writeFile(join(till.files, 'receipts/2025/1.txt'), 'changed');
    await unlink(join(till.files, 'receipts/2025/2.txt'));
    await unlink(join(till.files, 'pictures/logo.png'));
    const outcome = await restore(snapshotId, ['files/receipts'], { overwrite: false });
    expect(outcome).to.include({ restoredFiles: 1, skippedFiles: 1 });
    expect(await content('receipts/2025/1.txt')).to.equal('changed');
    expect(await content('receipts/2025/2.txt')).to.equal('backed up receipts/2025/2.txt');
    await expectMissing('pictures/logo.png');
  });

  it('restores beside the live data', async () => {
    const snapshotId = await openReceipts();
    const targetFolder = join(folder, 'beside');
    await restore(snapshotId, ['files/pictures', 'files/receipts/2025/1.txt'], { targetFolder });
    expect(readTree(targetFolder).map(({ path }) => path)).to.deep.equal([
      '',
      'files',
      'files/files',
      'files/files/pictures',
      'files/files/pictures/logo.png',
      'files/files/receipts',
      'files/files/receipts/2025',
      'files/files/receipts/2025/1.txt',
    ]);
  });

  it('refuses to go through a link in the live place', async () => {
    const snapshotId = await openReceipts();
    const outside = join(folder, 'outside');
    await mkdir(outside);
    await rm(join(till.files, 'receipts/2025'), { recursive: true });
    await symlink(outside, join(till.files, 'receipts/2025'));
    const before = readTree(folder);
    const error = await expectCode(restore(snapshotId, ['files/receipts/2025/1.txt']), 'CONFLICT');
    expect(error.message).to.include('files/receipts/2025').and.include('a link');
    expect(readTree(outside)).to.have.length(1);
    expect(readTree(till.files)).to.deep.equal(
      before.filter(({ path }) => path === 'files' || path.startsWith('files/')).map(below('files')),
    );
  });

  it('refuses a name in the live place that is not UTF-8, and restores it beside', async () => {
    till = await openDiskTill(folder);
    await mkdir(till.files);
    await writeFile(Buffer.concat([Buffer.from(`${till.files}/`), Buffer.from([0x61, 0xff])]), 'odd');
    const { snapshotId } = await till.engine.backup(backupRequest('b1'), {});
    await expectCode(restore(snapshotId, ['files/a\\xff']), 'BAD_USER_INPUT');
    const targetFolder = join(folder, 'beside');
    await restore(snapshotId, ['files/a\\xff'], { targetFolder });
    expect(readTree(targetFolder).at(-1)).to.include({ path: 'files/files/a\xff', sizeBytes: 3 });
  });

  it('replaces exactly what is named, in any tree', async function () {
    this.timeout(600_000);
    const changeArbitrary = fc.array(fc.nat(), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        treeArbitrary,
        changeArbitrary,
        fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
        async (tree, changes, choices) => {
          const place = await mkdtemp(join(folder, 'run-'));
          till = await openDiskTill(place);
          makeTree(till.files, tree);
          const backedUp = readTree(till.files);
          const { snapshotId } = await till.engine.backup(backupRequest('b1'), {});
          for (const change of changes) disturb(till.files, change);
          const live = readTree(till.files);
          const nameable = backedUp.filter(({ path }) => path !== '' && isText(path));
          if (nameable.length === 0) return;
          const chosen = [...new Set(choices.map((choice) => nameable[choice % nameable.length]!.path))];
          const paths = chosen.map((path) => print(`files/${path}`));
          await restore(snapshotId, paths);
          expectSame(readTree(till.files), expected(backedUp, live, chosen), chosen);
        },
      ),
      { numRuns: scaled(15, 300) },
    );
  });

  async function expectMissing(name: string): Promise<void> {
    const error = await readFile(join(till.files, name)).catch((thrown: NodeJS.ErrnoException) => thrown);
    expect(error).to.have.property('code', 'ENOENT');
  }
});

function below(name: string) {
  return (entry: TreeEntry): TreeEntry => ({ ...entry, path: entry.path.slice(name.length + 1) });
}

/** `path` is one Latin-1 character for each byte. */
function isText(path: string): boolean {
  const bytes = Buffer.from(path, 'latin1');
  return Buffer.from(bytes.toString()).equals(bytes);
}

function print(path: string): string {
  return printPath(Buffer.from(path, 'latin1'));
}

/** Removes, changes or adds something, so that the folders on the way to what is left stay folders. */
function disturb(root: string, change: number): void {
  const entries = readTree(root);
  const entry = entries[change % entries.length]!;
  const place = Buffer.concat([Buffer.from(root), Buffer.from(entry.path && `/${entry.path}`, 'latin1')]);
  if (entry.kind === 'folder' && change % 2 === 0) {
    chmodSync(place, 0o700);
    writeFileSync(Buffer.concat([place, Buffer.from(`/added-${change}`)]), 'added');
  } else if (entry.kind === 'file' && change % 2 === 0) {
    chmodSync(place, 0o600);
    appendFileSync(place, 'changed');
  } else if (entry.path !== '') removeTree(place);
}

function isWithin(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

function isAbove(path: string, chosen: readonly string[]): boolean {
  return chosen.some((below) => path === '' || below.startsWith(`${path}/`));
}

/** The live tree with what was chosen as it was backed up, and the missing folders above that. */
function expected(backedUp: TreeEntry[], live: TreeEntry[], chosen: readonly string[]): TreeEntry[] {
  const there = new Set(live.map(({ path }) => path));
  const kept = live.filter(({ path }) => !isWithin(path, chosen));
  const restored = backedUp.filter(
    ({ path }) => isWithin(path, chosen) || (isAbove(path, chosen) && !there.has(path)),
  );
  return [...kept, ...restored].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A folder that something was put into has another time than before, as always. */
function expectSame(found: TreeEntry[], wanted: TreeEntry[], chosen: readonly string[]): void {
  const timeless = (entry: TreeEntry) => (isAbove(entry.path, chosen) ? { ...entry, mtimeMs: 0 } : entry);
  expect(found.map(timeless)).to.deep.equal(wanted.map(timeless));
}
