/** The changes of a till between two backups. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSeededBytes } from '../../support/seeded-random.js';
import { databaseIn } from './corpus-cache.js';
import { appendSales, changeScatteredPages } from './sales-database.js';

const CHANGED_SHARE = 0.01;
const NEW_FILES = 50;
const NEW_FILE_BYTES = 2_000;

/**
 * Changes 1 % of the database's pages, at random places, and adds 50 files: the hardest way in which so little can
 * change, since nearly every large piece of the database holds a changed page.
 */
export async function changeScattered(root: string, round: number): Promise<void> {
  changeScatteredPages(databaseIn(root), CHANGED_SHARE, 100 + round);
  await addFiles(root, `scattered-${round}`, NEW_FILES);
}

/** Sells until the table is 1 % larger, and adds 50 files: what a day of business does. The index changes all over. */
export async function sellForADay(root: string, round: number): Promise<void> {
  appendSales(databaseIn(root), CHANGED_SHARE, 200 + round);
  await addFiles(root, `day-${round}`, NEW_FILES);
}

/** Sells until the database is 0.1 % larger, and adds 10 files: what happens between two of many backups. */
export async function sellALittle(root: string, round: number): Promise<void> {
  appendSales(databaseIn(root), CHANGED_SHARE / 10, 300 + round);
  await addFiles(root, `little-${round}`, NEW_FILES / 5);
}

/** Adds files that nothing compresses, in a folder of their own. */
export async function addFiles(root: string, name: string, count: number): Promise<void> {
  const bytes = createSeededBytes(name);
  const folder = join(root, 'files', 'new', name);
  await mkdir(folder, { recursive: true });
  for (let number = 0; number < count; number++) {
    await writeFile(join(folder, `${number}.bin`), bytes(NEW_FILE_BYTES));
  }
}
