/**
 * Writes the golden repositories of the present format version, once: `node dist/tests/golden/write-golden.js`.
 * Golden bytes are never made again; a new format version gets a folder of its own.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { FileStore } from '../../src/storage/file-store.js';
import { GOLDEN_KINDS, writeGolden } from './golden-till.js';

const FOLDER = resolve('tests/golden/v1');

if (existsSync(FOLDER)) throw new Error(`${FOLDER} exists; golden bytes are never made again`);
for (const kind of GOLDEN_KINDS) {
  let written = 0;
  await writeGolden(kind, new FileStore(resolve(FOLDER, kind), { uniqueName: () => `writing${written++}` }));
}
