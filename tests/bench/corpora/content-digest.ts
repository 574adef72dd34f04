/** What a tree holds, in one hash: to see that a corpus is whole, and that a restore brought everything back. */
import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { MiB } from '../../../src/shared/bytes.js';
import { throwIfCancelled } from '../../../src/shared/errors.js';

/** Digest and size of a tree. */
export interface ContentDigest {
  /** SHA-256, lower-case hex. */
  digest: string;
  files: number;
  bytes: number;
}

/** SQLite makes and removes these as it likes; they hold nothing once the database is closed. */
const SQLITE_COMPANION = /-(wal|shm)$/;

const SQLITE_MAGIC = Buffer.from('SQLite format 3\0');
/** SQLite counts its transactions here: a database that is restored through SQLite has other counters. */
const SQLITE_HEADER_BYTES = 100;

/**
 * Digest of every file below `folder`. Reads all of it, and so leaves it in the page cache.
 * @param options.withPaths true: every byte and every path; false: two trees with the same contents under other names
 *   have the same digest, and of databases the header does not count
 */
export async function digestTree(
  folder: string,
  { withPaths, signal }: { withPaths: boolean; signal: AbortSignal },
): Promise<ContentDigest> {
  const lines: string[] = [];
  let bytes = 0;
  for await (const path of listFiles(folder)) {
    throwIfCancelled(signal);
    const content = await digestFile(path, withPaths);
    bytes += content.bytes;
    lines.push(withPaths ? `${content.digest} ${relative(folder, path)}` : content.digest);
  }
  return { digest: hash('sha256', lines.sort().join('\n')), files: lines.length, bytes };
}

/** Bytes of every file below `folder`; 0 when it is not there. */
export async function sizeOfTree(folder: string): Promise<number> {
  let bytes = 0;
  for await (const path of listFiles(folder)) bytes += (await stat(path)).size;
  return bytes;
}

async function* listFiles(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* listFiles(path);
    else if (entry.isFile() && !SQLITE_COMPANION.test(entry.name)) yield path;
  }
}

async function digestFile(path: string, withHeader: boolean): Promise<{ digest: string; bytes: number }> {
  const digest = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(path, { highWaterMark: MiB }) as AsyncIterable<Buffer>) {
    const isDatabase =
      bytes === 0 && !withHeader && piece.subarray(0, SQLITE_MAGIC.length).equals(SQLITE_MAGIC);
    digest.update(isDatabase ? piece.subarray(SQLITE_HEADER_BYTES) : piece);
    bytes += piece.length;
  }
  return { digest: digest.digest('hex'), bytes };
}
