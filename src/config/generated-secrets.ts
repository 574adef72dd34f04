import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../shared/random.js';

/** A secret that was not configured: made once by Tillvault and kept in its data folder. */
export interface GeneratedSecret {
  /** The variable that it stands for. */
  readonly variable: 'BACKUP_ENCRYPTION_KEY' | 'JWT_SECRET';
  /** Where it is kept. */
  readonly file: string;
  /** True when it was made just now, false when an earlier start made it. */
  readonly isNew: boolean;
}

const FILE_NAMES = { BACKUP_ENCRYPTION_KEY: 'backup-encryption-key', JWT_SECRET: 'jwt-secret' } as const;
const SECRET_BYTES = 32;

/** Where a secret that is not configured is kept. */
export function secretFile(dataDir: string, variable: GeneratedSecret['variable']): string {
  return join(dataDir, FILE_NAMES[variable]);
}

/**
 * Reads the kept secret, or makes one: 32 random bytes as 64 hex digits, in a file of mode 0600; the folder is made
 * with mode 0700. The file appears whole and synced or not at all, and of two processes that start together both get the same.
 * @returns the secret, or what is wrong as `problem`
 */
export function readOrMakeSecret(
  dataDir: string,
  variable: GeneratedSecret['variable'],
  random: Random,
): { value: string; secret: GeneratedSecret } | { problem: string } {
  const file = secretFile(dataDir, variable);
  try {
    const kept = readSecret(file);
    const isNew = kept === null && makeSecret(dataDir, file, random);
    const value = kept ?? readSecret(file);
    if (value === null || !/^[0-9a-f]{64}$/.test(value)) {
      return {
        problem: `${variable}: expected 64 hex digits in ${file}, found something else: put the file back or set ${variable}`,
      };
    }
    return { value, secret: Object.freeze({ variable, file, isNew }) };
  } catch (error) {
    return { problem: `${variable}: not set, and ${file} cannot be used (${describeCause(error)})` };
  }
}

/**
 * The kept secret, without making one.
 * @returns null when none is kept, or what is wrong as `problem`
 */
export function readKeptSecret(
  dataDir: string,
  variable: GeneratedSecret['variable'],
): string | null | { problem: string } {
  const file = secretFile(dataDir, variable);
  try {
    return readSecret(file);
  } catch (error) {
    return { problem: `${variable}: not set, and ${file} cannot be used (${describeCause(error)})` };
  }
}

function readSecret(file: string): string | null {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if ((found.mode & 0o077) !== 0) {
    throw new Error(`mode 0${(found.mode & 0o777).toString(8)} lets others read it, expected 0600`);
  }
  return readFileSync(file, 'utf8').trim();
}

/** @returns false when another process was faster */
function makeSecret(dataDir: string, file: string, random: Random): boolean {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const temporary = `${file}.${random.uuid()}.tmp`;
  try {
    writeSynced(temporary, `${random.bytes(SECRET_BYTES).toString('hex')}\n`);
    // A link and not a rename: it never replaces a secret that backups may already be sealed with.
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    removeIfThere(temporary);
    syncFolder(dataDir);
  }
}

function writeSynced(path: string, text: string): void {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function describeCause(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
}
