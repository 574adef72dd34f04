import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { FileEntry, FileIdentity } from '../../../src/engine/index.js';
import { type Clock, systemClock } from '../../../src/shared/clock.js';
import { createSources } from '../../../src/sources/create-sources.js';
import { SqliteSource } from '../../../src/sources/sqlite-source.js';
import { makeSalesDatabase, startSelling } from '../../support/selling-writer.js';
import { makeFolder, removeFolder } from '../../support/till-folder.js';

/** A clock that runs a minute ahead, so that every file has rested long enough. */
const later: Clock = {
  now: () => new Date(systemClock.now().getTime() + 60_000),
  monotonicMs: systemClock.monotonicMs,
};

describe('SqliteSource', () => {
  let folder: string;
  let till: string;

  beforeEach(async () => {
    folder = await makeFolder();
    till = join(folder, 'till.db');
  });

  afterEach(() => removeFolder(folder));

  function source(clock: Clock = later): SqliteSource {
    return new SqliteSource(till, { clock, tempDir: join(folder, 'temp') });
  }

  async function codeOf(promise: Promise<unknown>): Promise<unknown> {
    return promise.then(
      () => 'none',
      (error: { code?: string }) => error.code,
    );
  }

  async function identity(clock?: Clock): Promise<FileIdentity | null> {
    const capture = await source(clock).capture({});
    const entries: FileEntry[] = [];
    for await (const entry of capture.entries()) entries.push(entry as FileEntry);
    await capture.close();
    return entries[0]!.identity;
  }

  it('refuses a missing database and does not make one', async () => {
    expect(await codeOf(source().scan({}))).to.equal('SOURCE_UNAVAILABLE');
    expect(await codeOf(source().capture({}))).to.equal('SOURCE_UNAVAILABLE');
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('refuses a file that is no database', async () => {
    writeFileSync(till, 'no database '.repeat(100));
    expect(await codeOf(source().scan({}))).to.equal('SOURCE_UNAVAILABLE');
    expect(await codeOf(source().capture({}))).to.equal('SOURCE_UNAVAILABLE');
  });

  it('refuses a folder', async () => {
    mkdirSync(till);
    expect(await codeOf(source().capture({}))).to.equal('SOURCE_UNAVAILABLE');
  });

  it('has the same identity while nothing changes in WAL mode', async () => {
    makeSalesDatabase(till, { journalMode: 'WAL', sales: 10 });
    const first = await identity();
    expect(first).to.not.equal(null);
    expect(await identity()).to.deep.equal(first);
  });

  it('has another identity after a sale', async () => {
    makeSalesDatabase(till, { journalMode: 'WAL', sales: 10 });
    const first = await identity();
    await (await startSelling(till)).stop();
    expect(await identity()).to.not.deep.equal(first);
  });

  it('has no identity right after a change', async () => {
    makeSalesDatabase(till, { journalMode: 'WAL', sales: 10 });
    expect(await identity({ ...later, now: () => new Date(0) })).to.equal(null);
  });

  it('has no identity and leaves no copy in rollback-journal mode', async () => {
    makeSalesDatabase(till, { journalMode: 'DELETE', sales: 10 });
    expect(await identity()).to.equal(null);
    expect(readdirSync(join(folder, 'temp'))).to.deep.equal([]);
  });

  it('ends when it is cancelled before it starts', async () => {
    makeSalesDatabase(till, { journalMode: 'WAL', sales: 10 });
    expect(await codeOf(source().capture({ signal: AbortSignal.abort() }))).to.equal('CANCELLED');
  });
});

describe('createSources()', () => {
  it('makes a source that refuses databases that are not served yet', async () => {
    const database = { kind: 'postgresql', url: 'postgresql://u:p@h/d' } as const;
    const settings = { database, configRoots: [], cacheRoots: [], filesRoots: [], tempDir: '/nowhere' };
    const source = createSources(settings, { clock: systemClock }).get('DATABASE')!;
    const error = await source.scan({}).catch((caught: unknown) => caught);
    expect(error).to.have.property('code', 'SOURCE_UNAVAILABLE');
    expect(String(error)).to.not.include('u:p');
  });
});
