/** A new SQLite metadata database without the time that migrating takes: migrated once per run, then copied. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openMetadata } from '../../src/db/metadata.js';

let template: Promise<Buffer> | undefined;

/** Writes a migrated, empty database to `path`, which must be absent. */
export async function writeMigratedMetadata(path: string): Promise<void> {
  template ??= makeTemplate();
  await writeFile(path, await template, { flag: 'wx', mode: 0o600 });
}

async function makeTemplate(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'tillvault-template-'));
  try {
    const path = join(folder, 'metadata.db');
    const metadata = await openMetadata(`file:${path}`);
    await metadata.close();
    // A copy by SQLite, because the migrated tables may still be in the write-ahead log.
    const copy = join(folder, 'copy.db');
    const database = new DatabaseSync(path);
    database.prepare('VACUUM INTO ?').run(copy);
    database.close();
    return await readFile(copy);
  } finally {
    await rm(folder, { recursive: true });
  }
}
