/** The URLs of the till's database, of Tillvault's metadata and of the storage, each to what the server needs of it. */
import { join } from 'node:path';
import { SourceError } from '../shared/errors.js';
import { parseServerAddress } from '../sources/server-address.js';
import { describeProblem, quoteValue } from './config-error.js';
import { resolveFileUrl } from './locations.js';

/** The till's database. */
export type TillDatabase =
  | { readonly kind: 'sqlite'; readonly path: string }
  /** `url` holds a password: never log it. */
  | { readonly kind: 'postgresql' | 'mysql'; readonly url: string };

/** Where Tillvault keeps its metadata. */
export type MetadataDatabase =
  | { readonly kind: 'sqlite'; readonly path: string }
  /** `url` holds a password: never log it. */
  | { readonly kind: 'postgresql'; readonly url: string };

/** Where the repository is kept. */
export interface StorageLocation {
  readonly kind: 'file';
  /** Absolute path. */
  readonly folder: string;
}

/** @returns null, with a line in `problems`, when DATABASE_URL is of no known kind */
export function readDatabaseUrl(url: string, posRoot: string, problems: string[]): TillDatabase | null {
  const path = resolveFileUrl(url, posRoot);
  if (path !== null) return { kind: 'sqlite', path };
  const scheme = /^(postgresql|postgres|mysql):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme !== undefined) return readServer(scheme === 'mysql' ? 'mysql' : 'postgresql', url, problems);
  problems.push(
    describeProblem(
      'DATABASE_URL',
      'file:<path>, or postgresql:// or mysql:// with host and database name',
      quoteValue(url),
    ),
  );
  return null;
}

/** Looks at everything that the engine will want of the URL. */
function readServer(kind: 'postgresql' | 'mysql', url: string, problems: string[]): TillDatabase | null {
  const problem = findProblem(kind, url);
  if (problem === null) return { kind, url };
  problems.push(`DATABASE_URL:${problem}`);
  return null;
}

/** What is wrong with the URL of a server, without the name of the variable; null: nothing. */
function findProblem(kind: 'postgresql' | 'mysql', url: string): string | null {
  try {
    parseServerAddress(kind, url);
    return null;
  } catch (error) {
    if (error instanceof SourceError) return error.message.replace(/^DATABASE_URL/, '');
    throw error;
  }
}

/** The metadata's driver knows other words for it than the till's. */
function withoutEncryption(text: string): string {
  const url = new URL(text);
  for (const name of ['sslmode', 'ssl-mode']) url.searchParams.delete(name);
  return url.href;
}

/** @returns null, with a line in `problems`, when METADATA_DATABASE_URL is of no known kind */
export function readMetadataUrl(
  url: string | undefined,
  { cwd, dataDir, problems }: { cwd: string; dataDir: string; problems: string[] },
): MetadataDatabase | null {
  if (url === undefined) return { kind: 'sqlite', path: join(dataDir, 'tillvault.db') };
  const path = resolveFileUrl(url, cwd);
  if (path !== null) return { kind: 'sqlite', path };
  if (isServerUrl(url, ['postgresql:', 'postgres:'])) {
    const problem = findProblem('postgresql', withoutEncryption(url));
    if (problem === null) return { kind: 'postgresql', url };
    problems.push(`METADATA_DATABASE_URL:${problem}`);
    return null;
  }
  problems.push(
    describeProblem(
      'METADATA_DATABASE_URL',
      'file:<path>, or postgresql:// with host and database name',
      quoteValue(url),
    ),
  );
  return null;
}

/** @returns null, with a line in `problems`, when STORAGE_URL is of no known kind or of one that is not served yet */
export function readStorageUrl(url: string, cwd: string, problems: string[]): StorageLocation | null {
  const folder = resolveFileUrl(url, cwd);
  if (folder !== null) return { kind: 'file', folder };
  const isLater = isServerUrl(url, ['s3:', 'azure:'], true);
  problems.push(
    isLater
      ? `STORAGE_URL: ${url.slice(0, url.indexOf(':'))}: storage arrives in a later version, use file:<folder> until then`
      : describeProblem(
          'STORAGE_URL',
          'file:<folder>, s3://<bucket> or azure://<container>',
          quoteValue(url),
        ),
  );
  return null;
}

/** True when two databases are one: the same server, port and name, whoever signs in. */
export function isSameServerDatabase(a: string, b: string): boolean {
  return serverDatabase(a) === serverDatabase(b);
}

function serverDatabase(text: string): string {
  const kind = text.toLowerCase().startsWith('mysql:') ? 'mysql' : 'postgresql';
  const { host, port, database } = parseServerAddress(kind, withoutEncryption(text));
  return [kind, host.toLowerCase(), port, database].join(' ');
}

/** True for a URL of one of `protocols` that names a host and, unless `isNameOptional`, something on it. */
function isServerUrl(text: string, protocols: readonly string[], isNameOptional = false): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname } = new URL(text);
  return protocols.includes(protocol) && hostname !== '' && (isNameOptional || pathname.length > 1);
}
