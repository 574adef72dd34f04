import { readFileSync } from 'node:fs';
import { toAppError } from './system-error.js';

/**
 * Reads a certificate or key that DATABASE_URL names.
 * @throws SourceError naming the parameter
 */
export function readKeyFile(path: string, parameter: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw toAppError(error, `The file that "${parameter}" in DATABASE_URL names cannot be read`);
  }
}
