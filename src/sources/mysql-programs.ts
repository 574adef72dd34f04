/**
 * Starts `mariadb-dump` or `mysqldump`, and `mariadb` or `mysql`. How to sign in is in a file that has no name any more
 * when the program reads it, through an inherited descriptor: no command line and no environment holds the password.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RunningProgram } from './running-program.js';
import type { ServerAddress } from './server-address.js';
import type { ProgramVersion } from './server-programs.js';
import { toAppError } from './system-error.js';

/** A program to start, and for what. */
export interface MysqlProgram {
  path: string;
  flavour: ProgramVersion['flavour'];
  address: ServerAddress;
  database: string;
  /** The private folder that the file passes through. */
  tempDir: string;
  signal?: AbortSignal;
}

/** Descriptor 3 of the program. */
const OPTIONS_FILE = '--defaults-file=/dev/fd/3';
const COMMON = ['--default-character-set=utf8mb4', '--max-allowed-packet=1G'];
/** One snapshot; nothing that differs from one dump to the next of the same data. */
const DUMP = ['--single-transaction', '--quick', '--hex-blob', '--skip-dump-date', '--no-tablespaces'];
/** Options that only MySQL's own program knows: statistics of the server's state do not belong into a dump. */
const DUMP_OF_MYSQL = ['--loose-set-gtid-purged=OFF', '--loose-column-statistics=0'];
const TABLES = ['--routines', '--triggers'];
const EVENTS = ['--events', '--no-create-info', '--no-data', '--skip-triggers'];
/** `--binary-mode`: text passes unchanged, and the program's own commands (it has one that runs a shell) are off. */
const LOAD = ['--batch', '--binary-mode', '--local-infile=0'];
/** Rows that are older than a CHECK constraint, or came in without it, were in the till: no server checks those again. */
const LOAD_OF_MARIADB = ['--init-command=SET SESSION check_constraint_checks = 0'];

/** What a dump is to hold. */
export interface DumpedParts {
  what: 'tables' | 'events';
  /** Views that are left out. */
  except?: readonly string[];
}

/** Writes tables, rows, views, routines and triggers, or events, to the program's standard output. */
export function startMysqlDump(program: MysqlProgram, { what, except = [] }: DumpedParts): RunningProgram {
  const own = program.flavour === 'MySQL' ? DUMP_OF_MYSQL : [];
  const parts = what === 'tables' ? TABLES : EVENTS;
  const left = except.map((name) => `--ignore-table=${program.database}.${name}`);
  return start(program, [...COMMON, ...DUMP, ...own, ...parts, ...left, '--', program.database], 'ignore');
}

/** Runs the statements that it reads from its standard input, and stops at the first error. */
export function startMysqlLoad(program: MysqlProgram): RunningProgram {
  const own = program.flavour === 'MariaDB' ? LOAD_OF_MARIADB : [];
  return start(program, [...COMMON, ...LOAD, ...own, `--database=${program.database}`], 'pipe');
}

function start(program: MysqlProgram, args: readonly string[], stdin: 'pipe' | 'ignore'): RunningProgram {
  const { path, flavour, address, tempDir, signal } = program;
  const descriptor = openNamelessFile(formatOptions(address, flavour), tempDir);
  try {
    return new RunningProgram(path, {
      args: [OPTIONS_FILE, ...args],
      stdin,
      descriptor,
      secrets: address.password === null ? [] : [address.password],
      ...(signal && { signal }),
    });
  } finally {
    closeSync(descriptor);
  }
}

/** A descriptor that reads `text` from a file that is already removed. */
function openNamelessFile(text: string, tempDir: string): number {
  try {
    mkdirSync(tempDir, { recursive: true, mode: 0o700 });
    const folder = mkdtempSync(join(tempDir, 'mysql-'));
    try {
      writeFileSync(join(folder, 'options'), text, { mode: 0o600 });
      return openSync(join(folder, 'options'), 'r');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  } catch (error) {
    throw toAppError(error, "The database program's options cannot be written to TEMP_DIR");
  }
}

/** The text of an option file. */
export function formatOptions(address: ServerAddress, flavour: ProgramVersion['flavour']): string {
  const { host, port, user, password, encryption } = address;
  const place = host.startsWith('/')
    ? [option('socket', host)]
    : [option('host', host), `port=${port}`, 'protocol=tcp'];
  const lines = [
    '[client]',
    ...place,
    ...(user === null ? [] : [option('user', user)]),
    ...(password === null ? [] : [option('password', password)]),
    ...(flavour === 'MySQL' ? [MYSQL_MODES[encryption.mode]] : MARIADB_MODES[encryption.mode]),
    ...(encryption.rootCertificate === null ? [] : [option('ssl-ca', encryption.rootCertificate)]),
    ...(encryption.certificate === null ? [] : [option('ssl-cert', encryption.certificate)]),
    ...(encryption.key === null ? [] : [option('ssl-key', encryption.key)]),
  ];
  return `${lines.join('\n')}\n`;
}

const MYSQL_MODES = {
  disable: 'ssl-mode=DISABLED',
  prefer: 'ssl-mode=PREFERRED',
  require: 'ssl-mode=REQUIRED',
  'verify-ca': 'ssl-mode=VERIFY_CA',
  'verify-full': 'ssl-mode=VERIFY_IDENTITY',
} as const;

const MARIADB_MODES: Readonly<Record<ServerAddress['encryption']['mode'], readonly string[]>> = {
  disable: ['skip-ssl'],
  prefer: [],
  require: ['ssl'],
  'verify-ca': ['ssl', 'ssl-verify-server-cert'],
  'verify-full': ['ssl', 'ssl-verify-server-cert'],
};

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function option(name: string, value: string): string {
  return `${name}="${value.replace(/[\\"\n\r\t]/g, (character) => ESCAPES[character]!)}"`;
}
