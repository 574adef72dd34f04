import { IntegrityError, SourceError, StorageError } from '../shared/errors.js';
import type { ProgramEnd } from './running-program.js';

/**
 * What it means that a program failed: a full disk and damaged data are told from what can be set right.
 * @param name of the program
 * @param what did not succeed: sentence start without a full stop
 */
export function explainProgram(name: string, what: string): (end: ProgramEnd) => Error {
  return ({ message, startError, code }) => {
    if (startError !== null)
      return new SourceError(`${what}: ${name} cannot be started`, { cause: startError });
    const said = firstLines(message) || `it ended with status ${code ?? 'none, it was killed'}`;
    if (/No space left on device|could not extend file/.test(message)) {
      return new StorageError('INSUFFICIENT_STORAGE', `${what}: the server's disk is full (${said})`);
    }
    if (/valid archive|unexpected end of file|could not read from input file|corrupt/i.test(message)) {
      return new IntegrityError(`${what}: ${name} found the dump or the database damaged (${said})`);
    }
    if (message.includes('max_allowed_packet')) {
      return new SourceError(
        `${what}: a row is larger than the server takes, set max_allowed_packet to 1G there (${said})`,
      );
    }
    const isLater = /lock timeout|lock_timeout|Table definition has changed|deadlock/i.test(message);
    return new SourceError(`${what}: ${name} says "${said}"`, { retryable: isLater });
  };
}

/** Enough to see what happened: errors come first, what follows are their details. */
function firstLines(message: string): string {
  return message.split('\n').slice(0, 4).join('; ').slice(0, 600);
}
