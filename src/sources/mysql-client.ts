import type { Connection, RowDataPacket, SslOptions } from 'mysql2/promise';
import { AppError, ConflictError, SourceError, StorageError, throwIfCancelled } from '../shared/errors.js';
import { readKeyFile } from './key-file.js';
import { withoutValues } from './mysql-error-text.js';
import type { ServerAddress, ServerEncryption } from './server-address.js';
import type { ServerVersion } from './server-programs.js';
import { errnoOf } from './system-error.js';

const CONNECT_MS = 10_000;
/** The same on every server, whatever its own default is: the driver escapes values with backslashes. */
const SQL_MODE = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION';

/** A connection whose answers are plain rows. Column names are those of the statement, so alias them. */
export class MysqlSession {
  constructor(private readonly connection: Connection) {}

  /** Rows of a statement; `?` stands for the next value. */
  async rows<Row>(sql: string, values: readonly (string | number)[] = []): Promise<Row[]> {
    const [rows] = await this.connection.query<RowDataPacket[]>(sql, [...values]);
    return rows as unknown as Row[];
  }

  /** Runs a statement that answers nothing. */
  async run(sql: string, values: readonly (string | number)[] = []): Promise<void> {
    await this.connection.query(sql, [...values]);
  }
}

/**
 * Connects to the server for the time of `work`.
 * @param database to begin in; null: none
 * @param signal ends the statement under way
 * @throws SourceError when the server cannot be reached or refuses; what `work` throws, as `toMysqlError` says;
 *   CancelledError
 */
export async function withMysql<T>(
  address: ServerAddress,
  database: string | null,
  work: (session: MysqlSession) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  let connection: Connection | null = null;
  let killing: Promise<void> | null = null;
  const onAbort = () => {
    if (connection !== null) killing = killStatement(address, connection.threadId);
  };
  try {
    throwIfCancelled(signal);
    connection = await connect(address, database);
    signal?.addEventListener('abort', onAbort, { once: true });
    throwIfCancelled(signal);
    await connection.query(`SET SESSION sql_mode = '${SQL_MODE}'`);
    return await work(new MysqlSession(connection));
  } catch (error) {
    throwIfCancelled(signal);
    throw toMysqlError(error, `Database "${address.database}" on ${address.host}`);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await killing;
    await connection?.end().catch(() => {}); // a connection that broke is closed already
  }
}

/** Makes a statement that waits or works give up. */
async function killStatement(address: ServerAddress, threadId: number | null): Promise<void> {
  try {
    await withMysql(address, null, (session) => session.run(`KILL QUERY ${Number(threadId)}`));
  } catch {
    // The statement ended by itself, or the server is gone: either way it does not go on.
  }
}

/** `name` as SQL takes it. */
export function quoteMysqlName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** Kind and version of the server. */
export async function readMysqlVersion(session: MysqlSession): Promise<ServerVersion> {
  const [row] = await session.rows<{ version: string }>('SELECT VERSION() AS version');
  const text = row?.version ?? '';
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(text.replace(/^5\.5\.5-/, '')) ?? [];
  return {
    flavour: /mariadb/i.test(text) ? 'MariaDB' : 'MySQL',
    major: Number(major),
    minor: Number(minor),
  };
}

const EXPLAINED: Readonly<Record<string, string>> = {
  ER_ACCESS_DENIED_ERROR: 'the user name or password in DATABASE_URL is wrong',
  ER_BAD_DB_ERROR: 'there is no such database',
  ER_DBACCESS_DENIED_ERROR: 'the user in DATABASE_URL lacks a privilege',
  ER_SPECIFIC_ACCESS_DENIED_ERROR: 'the user in DATABASE_URL lacks a privilege',
  ER_TABLEACCESS_DENIED_ERROR: 'the user in DATABASE_URL lacks a privilege',
  ER_PROCACCESS_DENIED_ERROR: 'the user in DATABASE_URL lacks a privilege',
  ER_CON_COUNT_ERROR: 'the server has no free connection',
  ECONNREFUSED: 'nothing answers there, check host and port in DATABASE_URL and that the server runs',
  ENOTFOUND: 'there is no such host, check DATABASE_URL',
  EAI_AGAIN: 'the name of the host cannot be looked up at present',
  ETIMEDOUT: 'the server does not answer',
};
const FULL = ['ER_DISK_FULL', 'ER_RECORD_FILE_FULL'];

/** What an error of the server or of the connection means. */
export function toMysqlError(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const code = errnoOf(error);
  const said = error instanceof Error && error.message !== '' ? sayError(error) : code;
  const options = { cause: error };
  if (FULL.includes(code)) {
    const message = `${what}: the server's disk is full, free some space there`;
    return new StorageError('INSUFFICIENT_STORAGE', message, options);
  }
  if (isLockTimeout(error)) {
    return new ConflictError(`${what}: clients hold its tables (${said})`, options);
  }
  const reason = EXPLAINED[code];
  return new SourceError(`${what}: ${reason === undefined ? said : `${reason} (${said})`}`, options);
}

function sayError(error: Error): string {
  return 'errno' in error && typeof error.errno === 'number' && 'sqlState' in error
    ? withoutValues(error.errno, error.message)
    : error.message;
}

/** True when a statement gave up waiting for tables that another client uses. */
export function isLockTimeout(error: unknown): boolean {
  return ['ER_LOCK_WAIT_TIMEOUT', 'ER_LOCK_DEADLOCK'].includes(errnoOf(error));
}

/** True when a view cannot be read because of what it refers to. */
export function isBrokenView(error: unknown): boolean {
  return ['ER_VIEW_INVALID', 'ER_NO_SUCH_TABLE', 'ER_NO_SUCH_USER', 'ER_SP_DOES_NOT_EXIST'].includes(
    errnoOf(error),
  );
}

async function connect(address: ServerAddress, database: string | null): Promise<Connection> {
  const { host, port, user, password, encryption } = address;
  const isSocket = host.startsWith('/');
  const ssl = isSocket ? undefined : toTls(encryption);
  // Loaded here: it takes 12 MB that a till without MySQL has no use for.
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection({
    ...(isSocket ? { socketPath: host } : { host, port }),
    ...(user !== null && { user }),
    ...(password !== null && { password }),
    ...(database !== null && { database }),
    ...(ssl && { ssl }),
    connectTimeout: CONNECT_MS,
    charset: 'utf8mb4_general_ci',
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
  });
  connection.on('error', () => {}); // the statement under way, or the next one, fails with it
  return connection;
}

/** Without a demand, no encryption: the server's programs do the same. */
function toTls({ mode, rootCertificate, certificate, key }: ServerEncryption): SslOptions | undefined {
  if (mode === 'disable' || mode === 'prefer') return undefined;
  return {
    rejectUnauthorized: mode.startsWith('verify'),
    verifyIdentity: mode === 'verify-full',
    ...(rootCertificate !== null && { ca: readKeyFile(rootCertificate, 'sslrootcert').toString() }),
    ...(certificate !== null && { cert: readKeyFile(certificate, 'sslcert').toString() }),
    ...(key !== null && { key: readKeyFile(key, 'sslkey').toString() }),
  };
}
