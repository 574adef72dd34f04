import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { IntegrityError } from '../../shared/errors.js';

/**
 * Finds the database and the files of a till below a folder that it was restored to.
 * @throws IntegrityError when they are not there
 */
export async function findRestoredTill(folder: string): Promise<{ database: string; files: string }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const database = entries.find((entry) => entry.isFile() && entry.name === 'pos.db');
  const receipts = entries.find((entry) => entry.isDirectory() && entry.name === 'receipts');
  if (database === undefined || receipts === undefined) {
    throw new IntegrityError(`Expected the restored till below ${folder}, found no pos.db or no receipts`);
  }
  return { database: join(database.parentPath, database.name), files: receipts.parentPath };
}
