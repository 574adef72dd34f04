import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../shared/random.js';

const FILE_NAME = 'instance-id';
const ID_BYTES = 8;
const ID = /^[0-9a-f]{16}$/;

/**
 * What tells this server's temporary files from those of others on the same storage: 16 hex digits, made once and kept
 * in `dataDir`. Losing it loses nothing: what an earlier one named is removed when it is a day old.
 */
export function readOrMakeInstanceId(dataDir: string, random: Random): string {
  const file = join(dataDir, FILE_NAME);
  const kept = readIfThere(file);
  if (ID.test(kept)) return kept;
  const made = random.bytes(ID_BYTES).toString('hex');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, made, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return made;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
