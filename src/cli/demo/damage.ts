import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Till } from './till.js';

/** Every which receipt folder and picture is hit in which way. */
const KINDS_OF_DAMAGE = 4;

/**
 * Destroys a till: the database, the configuration and the cache are deleted; of the files, pictures are overwritten,
 * cut or deleted in turn, and half of the receipt folders are deleted.
 * @returns what was done, for people
 */
export async function damageTill(till: Till): Promise<string> {
  await rm(dirname(till.database), { recursive: true });
  await rm(till.config, { recursive: true });
  await rm(till.cache, { recursive: true });
  const pictures = await listFolder(join(till.files, 'pictures'));
  for (const [at, picture] of pictures.entries()) await damagePicture(picture, at % KINDS_OF_DAMAGE);
  const receipts = await listFolder(join(till.files, 'receipts'));
  const deleted = receipts.filter((_, at) => at % 2 === 0);
  for (const folder of deleted) await rm(folder, { recursive: true });
  return 'database, config and cache deleted; half of the receipts deleted; pictures overwritten, cut or deleted';
}

async function damagePicture(path: string, kind: number): Promise<void> {
  if (kind === 0) await rm(path);
  if (kind === 1) await truncate(path, 1000);
  if (kind === 2)
    await writeFile(
      path,
      (await readFile(path)).map((byte) => byte ^ 0xff),
    );
}

async function listFolder(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.sort().map((name) => join(folder, name));
}
