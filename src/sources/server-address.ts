import { userInfo } from 'node:os';
import { SourceError } from '../shared/errors.js';

/** How connections are encrypted, in PostgreSQL's words for both kinds of server. */
export interface ServerEncryption {
  mode: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  /** File of the certificate that signs the server's. */
  rootCertificate: string | null;
  /** Files of this client's certificate and key. */
  certificate: string | null;
  key: string | null;
}

/** A database on a server and how to sign in. Holds a password: never logged, never in a message. */
export interface ServerAddress {
  kind: 'postgresql' | 'mysql';
  /** Name, address, or folder (PostgreSQL) or file (MySQL) of a Unix socket. */
  host: string;
  port: number;
  database: string;
  user: string | null;
  password: string | null;
  encryption: ServerEncryption;
}

const DEFAULT_PORTS = { postgresql: 5432, mysql: 3306 } as const;

/** Names for the same thing: PostgreSQL's own, Prisma's, and those of MySQL's programs. */
const MODES: Readonly<Record<string, ServerEncryption['mode']>> = {
  disable: 'disable',
  disabled: 'disable',
  allow: 'prefer',
  prefer: 'prefer',
  preferred: 'prefer',
  require: 'require',
  required: 'require',
  'verify-ca': 'verify-ca',
  verify_ca: 'verify-ca',
  'verify-full': 'verify-full',
  verify_identity: 'verify-full',
};

/**
 * Takes a DATABASE_URL apart. Of its parameters, `sslmode` (or `ssl-mode`), `sslrootcert`, `sslcert` and `sslkey` count,
 * `host` or `socket` for a Unix socket, and `port`; the till's own (`schema`, `connection_limit`) say nothing about a
 * backup. Without a user, it is the account that Tillvault runs as, as the servers' own programs take it.
 * @throws SourceError when it names no database or several hosts, a port or a mode of encryption that does not exist, or
 *   holds what no name can hold
 */
export function parseServerAddress(kind: ServerAddress['kind'], text: string): ServerAddress {
  const url = parseUrl(text);
  const database = decode(url.pathname.slice(1));
  if (database === '') {
    throw new SourceError('DATABASE_URL names no database, expected its name after the host');
  }
  const socket = readParameter(url.searchParams, 'host') ?? readParameter(url.searchParams, 'socket');
  return {
    kind,
    host: socket ?? (decode(url.hostname).replace(/^\[|\]$/g, '') || 'localhost'),
    port: parsePort(url.port || readParameter(url.searchParams, 'port'), kind),
    database,
    user: decode(url.username) || ownAccount(),
    password: decode(url.password) || null,
    encryption: parseEncryption(url.searchParams),
  };
}

/** Several hosts, which PostgreSQL's own programs take, are no URL. */
function parseUrl(text: string): URL {
  const authority = /^\w+:\/\/(?:[^/?#]*@)?([^/?#]*)/.exec(text)?.[1] ?? '';
  if (authority.includes(',')) {
    throw new SourceError(
      'DATABASE_URL names several hosts, expected the one of the server that is written to',
    );
  }
  if (!URL.canParse(text)) {
    throw new SourceError(
      'DATABASE_URL cannot be understood, expected <kind>://<user>:<password>@<host>:<port>/<name>',
    );
  }
  return new URL(text);
}

function parsePort(port: string | null, kind: ServerAddress['kind']): number {
  if (port === null) return DEFAULT_PORTS[kind];
  const isPort = /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535;
  if (!isPort) throw new SourceError('DATABASE_URL names a port that does not exist, expected 1 to 65535');
  return Number(port);
}

/** Null where the system has no name for it. */
function ownAccount(): string | null {
  try {
    return userInfo().username;
  } catch {
    return null; // a container that runs as a number
  }
}

/** What of it may be shown: kind, host and database name. */
export function describeServer({ kind, host, database }: ServerAddress): string {
  return `${kind} ${host}/${database}`;
}

function parseEncryption(parameters: URLSearchParams): ServerEncryption {
  const asked = (
    readParameter(parameters, 'sslmode') ??
    readParameter(parameters, 'ssl-mode') ??
    'prefer'
  ).toLowerCase();
  const mode = MODES[asked];
  if (mode === undefined) {
    throw new SourceError(
      `DATABASE_URL asks for an sslmode that does not exist, expected disable, prefer, require, verify-ca or verify-full`,
    );
  }
  return {
    mode,
    rootCertificate: readParameter(parameters, 'sslrootcert'),
    certificate: readParameter(parameters, 'sslcert'),
    key: readParameter(parameters, 'sslkey'),
  };
}

function readParameter(parameters: URLSearchParams, name: string): string | null {
  const value = parameters.get(name);
  return value === null || value === '' ? null : assertText(value);
}

function decode(part: string): string {
  try {
    return assertText(decodeURIComponent(part));
  } catch (error) {
    if (error instanceof SourceError) throw error;
    throw new SourceError('DATABASE_URL holds a "%" that is not followed by two hexadecimal digits', {
      cause: error,
    });
  }
}

/** No name, password or path of a server or a system can hold it, and programs take it for an end. */
function assertText(value: string): string {
  if (value.includes('\0'))
    throw new SourceError('DATABASE_URL holds the character NUL ("%00"), expected text');
  return value;
}
