import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '../../src/sources/remove-tree.js';

/** Makes a folder of a test's own below the system's temporary folder; the caller removes it with `removeFolder`. */
export async function makeFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'tillvault-test-'));
}

/** Removes a test's folder and everything in it, paths longer than PATH_MAX too. */
export async function removeFolder(folder: string): Promise<void> {
  removeTree(Buffer.from(folder));
}
