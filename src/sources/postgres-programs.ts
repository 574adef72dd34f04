/** Starts `pg_dump` and `pg_restore`. Connection and password go through the environment, which only the account that runs Tillvault can see. */
import type { Client } from 'pg';
import { SourceError } from '../shared/errors.js';
import { APPLICATION_NAME } from './postgres-client.js';
import { RunningProgram } from './running-program.js';
import type { ServerAddress } from './server-address.js';
import type { ServerVersion } from './server-programs.js';

/** The oldest server that is served. */
const OLDEST_MAJOR = 14;
/** Newest major version of the server that this was made for. */
export const NEWEST_MAJOR = 18;
const LOCK_WAIT = '--lock-wait-timeout=60s';

/**
 * The version of the server behind `client`.
 * @throws SourceError when it is too old
 */
export async function readServerVersion(client: Client): Promise<ServerVersion> {
  const { rows } = await client.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int AS version",
  );
  const number = rows[0]!.version;
  const version = {
    flavour: 'PostgreSQL',
    major: Math.trunc(number / 10_000),
    minor: number % 10_000,
  } as const;
  if (version.major >= OLDEST_MAJOR) return version;
  throw new SourceError(
    `The server is PostgreSQL ${version.major}, expected ${OLDEST_MAJOR} to ${NEWEST_MAJOR}: upgrade it`,
  );
}

/**
 * Writes `database` to its standard output as of one moment, uncompressed, so that what did not change is found again
 * in the next dump. Waits at most a minute for a table that is being altered.
 */
export function startPgDump(
  path: string,
  address: ServerAddress,
  { database, signal }: { database: string; signal?: AbortSignal },
): RunningProgram {
  const format = ['--format=custom', '--compress=0', '--no-password', LOCK_WAIT];
  return start(path, [...format, `--dbname=${connectionTo(database)}`], { address, stdin: 'ignore', signal });
}

/**
 * Loads a dump from its standard input and stops at the first error. Not in one transaction: a till with many large
 * objects would need more locks than a server has, and the fresh database is dropped after a failure anyway.
 */
export function startPgRestore(
  path: string,
  address: ServerAddress,
  { database, signal }: { database: string; signal?: AbortSignal },
): RunningProgram {
  const args = ['--format=custom', '--exit-on-error', '--no-password', `--dbname=${connectionTo(database)}`];
  return start(path, args, { address, stdin: 'pipe', signal });
}

function start(
  path: string,
  args: readonly string[],
  {
    address,
    stdin,
    signal,
  }: { address: ServerAddress; stdin: 'pipe' | 'ignore'; signal: AbortSignal | undefined },
): RunningProgram {
  return new RunningProgram(path, {
    args,
    stdin,
    environment: environmentFor(address),
    secrets: address.password === null ? [] : [address.password],
    ...(signal && { signal }),
  });
}

function environmentFor({
  host,
  port,
  user,
  password,
  encryption,
}: ServerAddress): Readonly<Record<string, string>> {
  const { mode, rootCertificate, certificate, key } = encryption;
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGAPPNAME: APPLICATION_NAME,
    PGCONNECT_TIMEOUT: '10',
    PGSSLMODE: mode,
    ...(user !== null && { PGUSER: user }),
    ...(password !== null && { PGPASSWORD: password }),
    ...(rootCertificate !== null && { PGSSLROOTCERT: rootCertificate }),
    ...(certificate !== null && { PGSSLCERT: certificate }),
    ...(key !== null && { PGSSLKEY: key }),
  };
}

/** A connection string, since a bare name that holds "=" would be taken for one. */
function connectionTo(database: string): string {
  return `dbname='${database.replace(/[\\']/g, '\\$&')}'`;
}
