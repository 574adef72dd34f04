/** A small till with all four components for tests that break off what is done with it, and what it holds. */
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LocalEngine, type Source } from '../../src/engine/index.js';
import { systemClock } from '../../src/shared/clock.js';
import { COMPONENTS, type Component } from '../../src/shared/component.js';
import { systemRandom } from '../../src/shared/random.js';
import { createSources, createTargets, type TillSettings } from '../../src/sources/create-sources.js';
import { FileJournal } from '../../src/sources/file-journal.js';
import { FileStore } from '../../src/storage/file-store.js';
import { CHEAP_KDF, PASSPHRASE } from './engine-till.js';
import { scaled } from './scale.js';

/** Names the temporary files of these engines. */
export const INSTANCE = 'fa17';

/** Enough that a backup has 200 points in the long form. */
const FILES = scaled(4, 60);

/** Where things are below the folder of one run. */
export const PLACES = {
  till: 'till',
  database: 'till/pos.db',
  repository: 'repository',
  journal: 'journal',
  temp: 'temp',
} as const;

function settingsOf(folder: string): TillSettings {
  const root = (label: string) => ({ label, path: join(folder, PLACES.till, label) });
  return {
    database: { kind: 'sqlite', path: join(folder, PLACES.database) },
    configRoots: [root('config'), root('pos.ini')],
    cacheRoots: [root('cache')],
    filesRoots: [root('files')],
    tempDir: join(folder, PLACES.temp),
  };
}

/** Opens an engine over the till in `folder`, after removing what dead ones left. */
export async function openFaultEngine(folder: string): Promise<LocalEngine> {
  const clock = systemClock;
  const till = settingsOf(folder);
  const store = new FileStore(join(folder, PLACES.repository), {
    uniqueName: () => INSTANCE + systemRandom.uuid().replaceAll('-', ''),
  });
  await store.removeLeftovers({ ownPrefix: INSTANCE, before: new Date(0) });
  const engine = new LocalEngine(
    {
      store,
      clock,
      random: systemRandom.bytes,
      onWarning: () => {},
      sources: createSources(till, { clock }) as Map<Component, Source>,
      createTargets: (targetFolder) => createTargets(till, { clock, targetFolder }),
      journal: new FileJournal(join(folder, PLACES.journal)),
    },
    { passphrase: PASSPHRASE, kdfCost: CHEAP_KDF },
  );
  await engine.open({ mayCreate: true });
  return engine;
}

/** Writes one state of the till; every component differs between two states. */
export function writeTill(folder: string, state: string, journalMode: 'WAL' | 'DELETE' = 'WAL'): void {
  const till = join(folder, PLACES.till);
  for (const name of ['config', 'cache/inner', `files/${state}`])
    mkdirSync(join(till, name), { recursive: true });
  writeFileSync(join(till, 'pos.ini'), `state=${state}\n`);
  writeFileSync(join(till, 'config/till.json'), JSON.stringify({ state }));
  writeFileSync(join(till, 'cache/inner/session'), state.repeat(50));
  for (let at = 0; at < FILES; at++)
    writeFileSync(join(till, `files/${state}/${at}.txt`), `${state} ${at}\n`.repeat(300 * (at % 4)));
  symlinkSync(`${state}/1.txt`, join(till, `files/latest-${state}`));
  const database = new DatabaseSync(join(folder, PLACES.database));
  database.exec(`PRAGMA journal_mode = ${journalMode};
    CREATE TABLE IF NOT EXISTS sale (id INTEGER PRIMARY KEY, note TEXT NOT NULL);
    CREATE TABLE "only ${state}" (v);
    DELETE FROM sale;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      INSERT INTO sale SELECT i, '${state} ' || hex(zeroblob(700)) || i FROM n;`);
  database.close();
}

/** What a state is told by: a digest of every file and of all rows, one for each component. */
export function digestTill(folder: string, database: DatabaseSync): Record<Component, string> {
  const till = join(folder, PLACES.till);
  return {
    DATABASE: digestDatabase(database),
    CONFIG: digestPaths(till, ['config', 'pos.ini']),
    CACHE: digestPaths(till, ['cache']),
    FILES: digestPaths(till, ['files']),
  };
}

/** As `digestTill`, of what a restore beside the live data has put into `target`. */
export function digestRestored(target: string): Record<Component, string> {
  const database = new DatabaseSync(join(target, 'database/pos.db'));
  try {
    return {
      DATABASE: digestDatabase(database),
      CONFIG: digestPaths(join(target, 'config'), ['config', 'pos.ini']),
      CACHE: digestPaths(join(target, 'cache'), ['cache']),
      FILES: digestPaths(join(target, 'files'), ['files']),
    };
  } finally {
    database.close();
  }
}

function digestDatabase(database: DatabaseSync): string {
  const hash = createHash('sha256');
  for (const row of database
    .prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'only %' ORDER BY name")
    .all()) {
    hash.update(`${row.name};`);
  }
  for (const { id, note } of database.prepare('SELECT id, note FROM sale ORDER BY id').iterate())
    hash.update(`${id}${note}`);
  return hash.digest('hex');
}

function digestPaths(folder: string, names: readonly string[]): string {
  const hash = createHash('sha256');
  const visit = (path: string) => {
    const stats = lstatSync(join(folder, path));
    hash.update(`${path} ${stats.mode} ${stats.isDirectory() ? '' : Math.round(stats.mtimeMs)};`);
    if (stats.isSymbolicLink()) hash.update(readlinkSync(join(folder, path)));
    else if (stats.isDirectory())
      for (const name of readdirSync(join(folder, path)).sort()) visit(join(path, name));
    else hash.update(readFileSync(join(folder, path)));
  };
  for (const name of names) visit(name);
  return hash.digest('hex');
}

/** Files and folders that no restore or backup may leave, relative to `folder`. */
export function findLeftovers(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((path) => /\.tillvault-|^(repository\/tmp|temp|journal)\/./.test(path));
}

/** All four. */
export const ALL_COMPONENTS: Component[] = [...COMPONENTS];
