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
 * and `host` or `socket` for a Unix socket; the till's own (`schema`, `connection_limit`) say nothing about a backup.
 * @throws SourceError when it names no database, or a mode of encryption that does not exist
 */
export function parseServerAddress(kind: ServerAddress['kind'], text: string): ServerAddress {
  const url = new URL(text);
  const database = decode(url.pathname.slice(1));
  if (database === '') {
    throw new SourceError('DATABASE_URL names no database, expected its name after the host');
  }
  const socket = url.searchParams.get('host') ?? url.searchParams.get('socket');
  return {
    kind,
    host: socket ?? (url.hostname.replace(/^\[|\]$/g, '') || 'localhost'),
    port: url.port === '' ? DEFAULT_PORTS[kind] : Number(url.port),
    database,
    user: decode(url.username) || null,
    password: decode(url.password) || null,
    encryption: parseEncryption(url.searchParams),
  };
}

/** What of it may be shown: kind, host and database name. */
export function describeServer({ kind, host, database }: ServerAddress): string {
  return `${kind} ${host}/${database}`;
}

function parseEncryption(parameters: URLSearchParams): ServerEncryption {
  const asked = (parameters.get('sslmode') ?? parameters.get('ssl-mode') ?? 'prefer').toLowerCase();
  const mode = MODES[asked];
  if (mode === undefined) {
    throw new SourceError(
      `DATABASE_URL asks for sslmode "${asked}", expected disable, prefer, require, verify-ca or verify-full`,
    );
  }
  return {
    mode,
    rootCertificate: parameters.get('sslrootcert'),
    certificate: parameters.get('sslcert'),
    key: parameters.get('sslkey'),
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw new SourceError('DATABASE_URL holds a "%" that is not followed by two hexadecimal digits', {
      cause: error,
    });
  }
}
