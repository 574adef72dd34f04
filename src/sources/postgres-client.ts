import { Client, type ClientConfig, escapeIdentifier } from 'pg';
import { AppError, ConflictError, IntegrityError, SourceError, StorageError } from '../shared/errors.js';
import { readKeyFile } from './key-file.js';
import type { ServerAddress, ServerEncryption } from './server-address.js';
import { errnoOf } from './system-error.js';

const CONNECT_MS = 10_000;
/** What sessions and clients of Tillvault are named on the server. */
export const APPLICATION_NAME = 'tillvault';
/** Databases that every server has; one of them is used to create, rename and drop others. */
const MAINTENANCE = ['postgres', 'template1'] as const;

/**
 * Connects to `database` for the time of `work`.
 * @throws SourceError when the server cannot be reached or refuses; what `work` throws, as `toPostgresError` says
 */
export async function withPostgres<T>(
  address: ServerAddress,
  database: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const what = `Database "${database}" on ${address.host}`;
  let client: Client | null = null;
  try {
    client = await connect(address, database);
    return await work(client);
  } catch (error) {
    throw toPostgresError(error, what);
  } finally {
    await client?.end().catch(() => {}); // a connection that broke is closed already
  }
}

/** Connects to a database of the server that is not `address.database`, to create, rename and drop. */
export async function withMaintenance<T>(
  address: ServerAddress,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const [first, second] = MAINTENANCE.filter((name) => name !== address.database);
  let client: Client | null = null;
  try {
    client = await connect(address, first!).catch((error: unknown) => {
      const isClosed = ['3D000', '42501'].includes(errnoOf(error));
      if (second === undefined || !isClosed) throw error;
      return connect(address, second);
    });
    return await work(client);
  } catch (error) {
    throw toPostgresError(error, `The server of database "${address.database}" on ${address.host}`);
  } finally {
    await client?.end().catch(() => {}); // a connection that broke is closed already
  }
}

/**
 * Waits until no other session works on the swap of this name; kept until the session ends.
 * @throws ConflictError after half a minute
 */
export async function lockSwap(client: Client, name: string): Promise<void> {
  await client.query(`SET lock_timeout = '30s'`);
  await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [name]);
  await client.query('SET lock_timeout = 0');
}

/** Runs `work` as one transaction. */
export async function inTransaction(client: Client, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  try {
    await work();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}); // the connection is gone, and the transaction with it
    throw error;
  }
}

/** `name` as SQL takes it. */
export const quoteName = escapeIdentifier;

const EXPLAINED: Readonly<Record<string, string>> = {
  '28P01': 'the user name or password in DATABASE_URL is wrong',
  '28000': 'the server refuses the user in DATABASE_URL, check pg_hba.conf and the user name',
  '3D000': 'there is no such database',
  '42501': 'the user in DATABASE_URL lacks a privilege',
  '53300': 'the server has no free connection',
  '57P03': 'the server is starting or stopping',
  ECONNREFUSED: 'nothing answers there, check host and port in DATABASE_URL and that the server runs',
  ENOTFOUND: 'there is no such host, check DATABASE_URL',
  EAI_AGAIN: 'the name of the host cannot be looked up at present',
  ETIMEDOUT: 'the server does not answer',
  EHOSTUNREACH: 'there is no way to that host',
};

/** What an error of the server or of the connection means: a full disk and damage are told from what can be set right. */
export function toPostgresError(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const code = errnoOf(error);
  const said = error instanceof Error && error.message !== '' ? error.message : code;
  const options = { cause: error };
  if (code === '53100') {
    const message = `${what}: the server's disk is full, free some space there`;
    return new StorageError('INSUFFICIENT_STORAGE', message, options);
  }
  if (code === 'XX001' || code === 'XX002') return new IntegrityError(`${what} is damaged: ${said}`, options);
  if (code === '55P03') {
    return new ConflictError(
      `${what}: an earlier step of the restore is still under way there, try again`,
      options,
    );
  }
  if (code === '55006') return new ConflictError(`${what}: clients hold the database (${said})`, options);
  const reason = EXPLAINED[code];
  return new SourceError(`${what}: ${reason === undefined ? said : `${reason} (${said})`}`, options);
}

async function connect(address: ServerAddress, database: string): Promise<Client> {
  const { mode } = address.encryption;
  if (mode !== 'prefer' || address.host.startsWith('/'))
    return open(address, database, toTls(address.encryption));
  try {
    return await open(address, database, { rejectUnauthorized: false });
  } catch (error) {
    if (!(error instanceof Error && /does not support SSL/.test(error.message))) throw error;
    return open(address, database, false);
  }
}

async function open(address: ServerAddress, database: string, ssl: ClientConfig['ssl']): Promise<Client> {
  const { host, port, user, password } = address;
  const client = new Client({
    host,
    port,
    database,
    ...(user !== null && { user }),
    ...(password !== null && { password }),
    ssl: host.startsWith('/') ? false : ssl,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: APPLICATION_NAME,
    keepAlive: true,
  });
  client.on('error', () => {}); // the query under way, or the next one, fails with it
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {}); // it never was open
    throw error;
  }
}

function toTls({ mode, rootCertificate, certificate, key }: ServerEncryption): ClientConfig['ssl'] {
  if (mode === 'disable' || mode === 'prefer') return false;
  return {
    rejectUnauthorized: mode.startsWith('verify'),
    ...(mode === 'verify-ca' && { checkServerIdentity: () => undefined }),
    ...(rootCertificate !== null && { ca: readKeyFile(rootCertificate, 'sslrootcert') }),
    ...(certificate !== null && { cert: readKeyFile(certificate, 'sslcert') }),
    ...(key !== null && { key: readKeyFile(key, 'sslkey') }),
  };
}
