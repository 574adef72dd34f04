import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CancelledError, InvalidInputError, KeyError } from '../../shared/errors.js';

/** Where the encryption key may be. */
export interface KeyPlaces {
  /** Absolute path of a file that holds it; null: none was named. */
  keyFile: string | null;
  /** The one that the environment gives; null: none. */
  configured: string | null;
}

/**
 * The encryption key: from the file, the environment, or typed in. Never an argument, which every user of the machine
 * could read.
 * @throws KeyError when there is none and nobody to ask, InvalidInputError when the file cannot be read
 */
export async function readKey({ keyFile, configured }: KeyPlaces): Promise<string> {
  if (keyFile !== null) return readKeyFile(keyFile);
  if (configured !== null) return configured;
  if (process.stdin.isTTY && process.stderr.isTTY) return askForKey();
  throw new KeyError(
    'There is no encryption key: set BACKUP_ENCRYPTION_KEY, name a file with --key-file, or run this in a terminal to type it in',
  );
}

async function readKeyFile(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new InvalidInputError(`The key file '${path}' cannot be read (${code})`, { cause });
  }
  const key = text.replace(/\r?\n$/, '');
  if (key === '' || key.includes('\n')) {
    throw new InvalidInputError(`The key file '${path}' must hold the encryption key on one line`);
  }
  return key;
}

/** Asks without showing what is typed. */
async function askForKey(): Promise<string> {
  const nowhere = new Writable({ write: (_piece, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  process.stderr.write('Encryption key: ');
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('SIGINT', () => reject(new CancelledError('No key was given')));
      lines.once('close', () => reject(new CancelledError('No key was given')));
      lines.question('', resolve);
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
