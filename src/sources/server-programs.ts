import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SourceError } from '../shared/errors.js';
import { runProgram } from './running-program.js';
import type { ServerAddress } from './server-address.js';

/** What a program's `--version` says. */
export interface ProgramVersion {
  flavour: 'PostgreSQL' | 'MariaDB' | 'MySQL';
  major: number;
  minor: number;
}

/** A server's programs must be of its own make: `mysqldump` is the name of two different ones. */
export type ServerVersion = ProgramVersion;

export interface WantedProgram {
  /** Names to look for, the best first. */
  names: readonly string[];
  server: ServerVersion;
}

/** Where packages put programs, after the folders of the configuration. */
const USUAL_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin', '/opt/homebrew/bin', '/usr/local/mysql/bin'];
/** Folders that hold one folder for each version of PostgreSQL, and where the programs are in those. */
const VERSIONED_FOLDERS = [
  { folder: '/usr/lib/postgresql', name: /^\d+$/ },
  { folder: '/usr', name: /^pgsql-\d+$/ },
] as const;

/**
 * Finds the vendor's program that suits a server: of the server's own major version when it is there, otherwise the
 * oldest newer one. Older ones are refused, since they would miss what they do not know.
 * @param folders looked into first, and then the usual ones
 * @returns absolute path
 * @throws SourceError saying what to install when there is none
 */
export async function findProgram(
  { names, server }: WantedProgram,
  folders: readonly string[],
): Promise<string> {
  const found: { path: string; version: ProgramVersion }[] = [];
  for (const path of candidates(names, folders)) {
    const version = await askVersion(path);
    if (version?.flavour === server.flavour) found.push({ path, version });
    if (version?.flavour === server.flavour && version.major === server.major) return path;
  }
  const newer = found
    .filter(({ version }) => version.major >= server.major)
    .sort((a, b) => a.version.major - b.version.major);
  if (newer[0] !== undefined) return newer[0].path;
  throw missing(
    names[0]!,
    server,
    found.map(({ version }) => version.major),
  );
}

/** Reads `mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB`, `mysqldump  Ver 8.0.36 for Linux`, `pg_dump (PostgreSQL) 15.2`. */
export function parseProgramVersion(text: string): ProgramVersion | null {
  const [, major, minor = '0'] =
    /\(PostgreSQL\) (\d+)(?:\.(\d+))?/.exec(text) ??
    /(?:Distrib|from) (\d+)\.(\d+)/.exec(text) ??
    /Ver (\d+)\.(\d+)/.exec(text) ??
    [];
  if (major === undefined) return null;
  const flavour = /\(PostgreSQL\)/.test(text) ? 'PostgreSQL' : /MariaDB/i.test(text) ? 'MariaDB' : 'MySQL';
  return { flavour, major: Number(major), minor: Number(minor) };
}

/** How to get the programs of a server. */
function missing(name: string, server: ServerVersion, olderMajors: readonly number[]): SourceError {
  const wanted = `${name} of ${server.flavour} ${server.major} or newer`;
  const found = olderMajors.length === 0 ? 'none' : `version ${Math.max(...olderMajors)}`;
  return new SourceError(
    `The database's own programs are needed: expected ${wanted}, found ${found}; ` +
      `install ${PACKAGES[server.flavour](server.major)}, or put the folder that holds it on PATH`,
  );
}

const PACKAGES: Readonly<Record<ProgramVersion['flavour'], (major: number) => string>> = {
  PostgreSQL: (major) =>
    `the package postgresql-client-${major} (Debian, Ubuntu) or postgresql${major} (RHEL)`,
  MariaDB: () => 'the package mariadb-client (Debian, Ubuntu) or MariaDB-client (RHEL)',
  MySQL: () => 'the package mysql-client (Ubuntu, Oracle)',
};

function* candidates(names: readonly string[], folders: readonly string[]): Generator<string> {
  const seen = new Set<string>();
  for (const folder of [...folders, ...versionedFolders(), ...USUAL_FOLDERS]) {
    for (const name of names) {
      const path = join(folder, name);
      if (seen.has(path) || !isExecutable(path)) continue;
      seen.add(path);
      yield path;
    }
  }
}

function versionedFolders(): string[] {
  return VERSIONED_FOLDERS.flatMap(({ folder, name }) =>
    listFolder(folder)
      .filter((each) => name.test(each))
      .map((each) => join(folder, each, 'bin')),
  );
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // a folder of another distribution
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Null for a program that cannot say. */
async function askVersion(path: string): Promise<ProgramVersion | null> {
  const { code, output } = await runProgram(path, ['--version']);
  return code === 0 ? parseProgramVersion(output) : null;
}

/** Names of the programs that dump and load. */
export const PROGRAM_NAMES = {
  postgresql: { dump: ['pg_dump'], load: ['pg_restore'] },
  mysql: { dump: ['mariadb-dump', 'mysqldump'], load: ['mariadb', 'mysql'] },
} as const satisfies Record<ServerAddress['kind'], Record<'dump' | 'load', readonly string[]>>;
