/** Keeps the corpora between runs: each is made once, and looked at before each use. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../../../src/shared/errors.js';
import { type ContentDigest, digestTree } from './content-digest.js';
import { type CorpusContent, type CorpusName, type CorpusSize, describeContent } from './corpus.js';
import { makeFiles } from './corpus-files.js';
import { BYTES_PER_SALE, makeSalesDatabase } from './sales-database.js';

/** Raised when the same name stands for other bytes, so that what an older version made is not used. */
const VERSION = 1;

/** A corpus on the disk. Not to be written to: work goes on in copies. */
export interface Corpus extends ContentDigest {
  name: CorpusName;
  size: CorpusSize;
  /** Absolute folder of the till. */
  root: string;
}

/** What the cache works with. */
export interface CorpusCacheOptions {
  /** Folder of all corpora. */
  folder: string;
  signal: AbortSignal;
  /** Told what takes time. */
  say(what: string): void;
}

/** The database of the till below `root`. */
export function databaseIn(root: string): string {
  return join(root, 'database', 'pos.db');
}

/** The corpus, made when it is not there or is not what it was. @throws CancelledError */
export async function openCorpus(
  name: CorpusName,
  size: CorpusSize,
  options: CorpusCacheOptions,
): Promise<Corpus> {
  const root = join(options.folder, `${name}-${size}-v${VERSION}`);
  const stamp = `${root}.json`;
  const known = await readStamp(stamp);
  if (known !== null) {
    options.say(`checking the corpus ${name}`);
    const found = await digestTree(root, { withPaths: true, signal: options.signal }).catch(() => null); // not whole
    throwIfCancelled(options.signal);
    if (found?.digest === known.digest) return { name, size, root, ...found };
    options.say(`the corpus ${name} is not what it was, and is made again`);
  }
  await rm(stamp, { force: true });
  await makeTill(root, describeContent(name, size), { ...options, name });
  const made = await digestTree(root, { withPaths: true, signal: options.signal });
  await writeFile(`${stamp}.part`, `${JSON.stringify(made)}\n`);
  await rename(`${stamp}.part`, stamp);
  return { name, size, root, ...made };
}

/** Makes a till at `root`, in the place of whatever is there. */
export async function makeTill(
  root: string,
  { databaseBytes, groups }: CorpusContent,
  { name, signal, say }: Omit<CorpusCacheOptions, 'folder'> & { name: string },
): Promise<void> {
  await rm(root, { recursive: true, force: true });
  for (const folder of ['database', 'config', 'cache', 'files']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  say(`making the corpus ${name}: database`);
  const sales = Math.ceil(databaseBytes / BYTES_PER_SALE);
  await makeSalesDatabase(databaseIn(root), { sales }, signal);
  for (const group of groups) {
    say(`making the corpus ${name}: ${group.folder}`);
    await makeFiles(root, group, signal);
  }
}

async function readStamp(path: string): Promise<ContentDigest | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ContentDigest;
  } catch {
    return null; // not made yet, or cut short: it is made again
  }
}
