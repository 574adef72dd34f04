import { IntegrityError, SourceError, StorageError } from '../shared/errors.js';
import { withoutValues } from './mysql-error-text.js';
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
    const said = tellError(message) || `it ended with status ${code ?? 'none, it was killed'}`;
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
    if (/^ERROR 1227 /m.test(message) && /SET USER|SUPER|SET_USER_ID|SET_ANY_DEFINER/.test(message)) {
      return new SourceError(
        `${what}: the backup holds triggers, views, routines or events of other users, which the user in DATABASE_URL may not make: grant it SET USER (MariaDB) or SET_ANY_DEFINER (MySQL), or SUPER on older servers (${said})`,
      );
    }
    const isLater = /lock timeout|lock_timeout|Table definition has changed|deadlock/i.test(message);
    return new SourceError(`${what}: ${name} says "${said}"`, { retryable: isLater });
  };
}

/** The line of a MySQL client that tells an error; before it comes the statement, which holds rows. */
const MYSQL_ERROR = /^ERROR (\d+) \(\w+\)( at line \d+)?: /m;
/** What is told of PostgreSQL's programs: details and contexts hold rows, commands hold what a till keeps to itself. */
const TOLD = /^(?:[\w.-]+: |ERROR: |FATAL: )/;

/** What the program says is wrong, and nothing of rows or statements, which hold customers' data. */
function tellError(message: string): string {
  const found = MYSQL_ERROR.exec(message);
  if (found !== null) {
    const text = message.slice(found.index + found[0].length);
    return shorten(`${found[0]}${withoutValues(Number(found[1]), text)}`);
  }
  const lines = message.split('\n').filter((line) => TOLD.test(line));
  return shorten(lines.filter(isTellable).slice(0, 4).map(withoutInput).join('; '));
}

const UNTOLD = /^(?:DETAIL|CONTEXT|STATEMENT|QUERY|HINT|LINE \d+|Command was|pg_\w+: (?:detail|hint)):? /i;

function isTellable(line: string): boolean {
  return !UNTOLD.test(line);
}

/** `invalid input syntax for type integer: "…"`: what could not be read is a value of a row. */
function withoutInput(line: string): string {
  return line.replace(/((?:invalid|malformed|out of range|too long|cannot cast)[^"]*)".*$/i, '$1"…"');
}

function shorten(text: string): string {
  return text.replaceAll('\n', ' ').trim().slice(0, 600);
}
