/** What a till is at one moment, in enough detail to tell whether another moment is the same. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pipeline } from 'node:stream/promises';
import type { Till } from './till.js';

/** One file, folder or link. */
interface EntryPrint {
  kind: 'file' | 'folder' | 'link';
  mode: number;
  mtimeNs: bigint;
  /** SHA-256 of a file's content, what a link says, or nothing for a folder. */
  content: string;
}

/** One table. */
interface TablePrint {
  rows: number;
  /** SHA-256 over all rows in the order of their key. */
  checksum: string;
}

/** Everything that is compared. */
export interface Fingerprint {
  /** By path below the till's root. */
  entries: ReadonlyMap<string, EntryPrint>;
  tables: ReadonlyMap<string, TablePrint>;
  /** The statements that made the tables and indexes. */
  schema: string;
}

/** Times are set through a floating-point number of seconds, which is exact to a quarter of a microsecond. */
const MTIME_TOLERANCE_NS = 1000n;
const HASH_EVERY_CHARACTERS = 256 * 1024;

/** Reads everything. The till must be at rest. */
export async function takeFingerprint(till: Till, signal: AbortSignal): Promise<Fingerprint> {
  const entries = new Map<string, EntryPrint>();
  for (const [name, folder] of [
    ['config', till.config],
    ['cache', till.cache],
    ['files', till.files],
  ] as const) {
    await addEntries(entries, { name, path: folder, signal });
  }
  const database = new DatabaseSync(till.database, { readOnly: true });
  try {
    const schema = database.prepare('SELECT name, type, sql FROM sqlite_schema ORDER BY type, name').all();
    const names = schema.filter((row) => row.type === 'table').map((row) => String(row.name));
    const tables = new Map(
      names.map((name) => [name, printRows(database, `SELECT * FROM "${name}" ORDER BY 1`)]),
    );
    return { entries, tables, schema: JSON.stringify(schema) };
  } finally {
    database.close();
  }
}

/** How many files and rows a fingerprint covers. */
export function countFingerprint({ entries, tables }: Fingerprint): {
  files: number;
  entries: number;
  rows: number;
} {
  const files = [...entries.values()].filter((entry) => entry.kind === 'file').length;
  const rows = [...tables.values()].reduce((sum, table) => sum + table.rows, 0);
  return { files, entries: entries.size, rows };
}

/** One line for each difference, in no order. Empty when both are the same. */
export function compareFingerprints(expected: Fingerprint, found: Fingerprint): string[] {
  const differences: string[] = [];
  for (const path of new Set([...expected.entries.keys(), ...found.entries.keys()])) {
    const difference = compareEntries(expected.entries.get(path), found.entries.get(path));
    if (difference !== null) differences.push(`${path}: ${difference}`);
  }
  for (const name of new Set([...expected.tables.keys(), ...found.tables.keys()])) {
    const [before, after] = [expected.tables.get(name), found.tables.get(name)];
    if (before?.rows !== after?.rows)
      differences.push(`table ${name}: ${before?.rows} rows before, ${after?.rows} now`);
    else if (before?.checksum !== after?.checksum) differences.push(`table ${name}: other values`);
  }
  if (expected.schema !== found.schema) differences.push('the tables are defined differently');
  return differences;
}

/** Row count and checksum of what a query answers, which must have an order. */
export function printRows(database: DatabaseSync, sql: string): TablePrint {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  const hash = createHash('sha256');
  let pending = '';
  let rows = 0;
  for (const row of statement.iterate()) {
    pending += `${JSON.stringify(row)}\n`;
    rows++;
    if (pending.length > HASH_EVERY_CHARACTERS) {
      hash.update(pending);
      pending = '';
    }
  }
  return { rows, checksum: hash.update(pending).digest('hex') };
}

async function addEntries(
  entries: Map<string, EntryPrint>,
  { name, path, signal }: { name: string; path: string; signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted();
  const { mode, mtimeNs, ...stats } = await lstat(path, { bigint: true }).then((found) => ({
    mode: Number(found.mode & 0o7777n),
    mtimeNs: found.mtimeNs,
    isFolder: found.isDirectory(),
    isLink: found.isSymbolicLink(),
  }));
  if (stats.isLink) entries.set(name, { kind: 'link', mode, mtimeNs, content: await readlink(path) });
  else if (!stats.isFolder)
    entries.set(name, { kind: 'file', mode, mtimeNs, content: await hashFile(path, signal) });
  else {
    entries.set(name, { kind: 'folder', mode, mtimeNs, content: '' });
    for (const child of await readdir(path)) {
      await addEntries(entries, { name: `${name}/${child}`, path: join(path, child), signal });
    }
  }
}

async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, { signal });
  return hash.digest('hex');
}

function compareEntries(before: EntryPrint | undefined, now: EntryPrint | undefined): string | null {
  if (before === undefined) return 'was not there before';
  if (now === undefined) return 'is missing';
  if (before.kind !== now.kind) return `was a ${before.kind}, is a ${now.kind}`;
  if (before.content !== now.content) return 'has another content';
  if (before.mode !== now.mode) return `had mode 0${before.mode.toString(8)}, has 0${now.mode.toString(8)}`;
  const drift = before.mtimeNs - now.mtimeNs;
  if (drift > MTIME_TOLERANCE_NS || drift < -MTIME_TOLERANCE_NS)
    return `has another time (${drift} ns apart)`;
  return null;
}
