import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JournalEntry } from '../../../src/engine/index.js';
import { FileJournal } from '../../../src/sources/file-journal.js';
import { errorFrom } from '../../support/engine-till.js';
import { makeFolder, removeFolder } from '../../support/till-folder.js';

const PLACE = {
  kind: 'replace',
  shownAs: 'files',
  live: '/till/files',
  folder: '/till/.tillvault-r-1/files-0',
  missing: [],
  exclusive: false,
  isTaken: true,
};

/** The text of an entry with one part. */
function withPlan(plan: object, component = 'FILES'): string {
  const parts = [{ component, isFinal: false, plan }];
  return JSON.stringify({ version: 1, restoreId: 'r-1', state: 'swapping', parts });
}

describe('FileJournal', () => {
  let folder: string;
  let journal: FileJournal;

  beforeEach(async () => {
    folder = join(await makeFolder(), 'journal');
    journal = new FileJournal(folder);
  });
  afterEach(() => removeFolder(join(folder, '..')));

  function entry(changes: Partial<JournalEntry> = {}): JournalEntry {
    return {
      restoreId: 'r-1',
      backupId: 'b',
      targetFolder: null,
      state: 'swapping',
      parts: [{ component: 'FILES', isFinal: false, plan: { places: [PLACE] } }],
      outcome: { validated: true, restoredFiles: 1, skippedFiles: 0, restoredBytes: 2, notices: [] },
      ...changes,
    };
  }

  it('is empty where nothing was written', async () => expect(await journal.list()).to.deep.equal([]));

  it('lists what was written last of each restore', async () => {
    await journal.write(entry());
    await journal.write(entry({ state: 'committed' }));
    await journal.write(entry({ restoreId: 'r-2' }));
    expect(await journal.list()).to.deep.equal([entry({ state: 'committed' }), entry({ restoreId: 'r-2' })]);
  });

  it('lets nobody else read it', async () => {
    await journal.write(entry());
    const modes = [folder, join(folder, 'r-1.json')].map((path) => statSync(path).mode & 0o777);
    expect(modes).to.deep.equal([0o700, 0o600]);
  });

  it('forgets what is removed, also twice', async () => {
    await journal.write(entry());
    await journal.remove('r-1');
    await journal.remove('r-1');
    expect(await journal.list()).to.deep.equal([]);
  });

  it('clears away a write that was cut short', async () => {
    await journal.write(entry());
    writeFileSync(join(folder, 'r-1.json.tmp'), '{"version":1,');
    expect(await journal.list()).to.deep.equal([entry()]);
    expect(readdirSync(folder)).to.deep.equal(['r-1.json']);
  });

  for (const content of [
    '',
    '{',
    '{"version":2}',
    '{"version":1,"restoreId":"../x","parts":[],"state":"committed"}',
    withPlan({}),
    withPlan({ places: [null] }),
    withPlan({ places: [{ ...PLACE, kind: 'toString' }] }),
    withPlan({ places: [{ ...PLACE, live: 1 }] }),
    withPlan({ kind: 'online', folder: '/', staged: '/s', live: '/l', name: 'l' }, 'DATABASE'),
    withPlan({ places: [PLACE] }, 'OTHER'),
  ]) {
    it(`refuses ${JSON.stringify(content)}`, async () => {
      mkdirSync(folder, { mode: 0o700 });
      writeFileSync(join(folder, 'r-1.json'), content);
      expect((await errorFrom(journal.list())).code).to.equal('DATA_CORRUPTED');
    });
  }
});
