import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SqlDriverAdapter, SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { MetadataProvider } from './metadata-adapter.js';

/** One migration of `prisma/migrations`. */
export interface Migration {
  name: string;
  sql: string;
}

/** Everything that brings an empty database to the present models. */
export interface Migrations {
  /** The folder of this provider's migrations. */
  folder: string;
  /** The schema file that names the provider. */
  header: { path: string; content: string };
  lockfile: { path: string; content: string };
  /** Oldest first. */
  list: Migration[];
}

/** Reads the migrations that this version of the program knows. */
export async function readMigrations(provider: MetadataProvider): Promise<Migrations> {
  const prisma = join(await findPackageRoot(), 'prisma');
  const folder = join(prisma, 'migrations', provider);
  const header = join(prisma, `${provider}.prisma`);
  const lockfile = 'migration_lock.toml';
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return {
    folder,
    header: { path: header, content: await readFile(header, 'utf8') },
    lockfile: { path: lockfile, content: await readFile(join(folder, lockfile), 'utf8') },
    list: await Promise.all(
      names.map(async (name) => ({
        name,
        sql: await readFile(join(folder, name, 'migration.sql'), 'utf8'),
      })),
    ),
  };
}

/**
 * True when the database has had exactly these migrations, each as it is written here and to its end: then the schema
 * engine, which costs a fifth of a second and 20 MB, has nothing to do and is not loaded. Whatever else is found, an
 * account that cannot be read included, is for the engine to judge, which says what is wrong.
 */
export async function isUpToDate(
  adapter: SqlMigrationAwareDriverAdapterFactory,
  migrations: readonly Migration[],
): Promise<boolean> {
  const expected = migrations.map(({ name, sql }) => `${name} ${checksumOf(sql)}`);
  const found = new Set(await readAccount(adapter));
  return found.size === expected.length && expected.every((line) => found.has(line));
}

/** Name and checksum of each migration that was applied; none when there is no account of it, or an unfinished one. */
async function readAccount(adapter: SqlMigrationAwareDriverAdapterFactory): Promise<string[]> {
  let connection: SqlDriverAdapter | null = null;
  try {
    connection = await adapter.connect();
    const { rows } = await connection.queryRaw({
      sql: `SELECT migration_name, checksum, finished_at IS NOT NULL AND rolled_back_at IS NULL AS applied
        FROM _prisma_migrations`,
      args: [],
      argTypes: [],
    });
    const isWhole = rows.every(([, , applied]) => Boolean(applied));
    return isWhole ? rows.map(([name, checksum]) => `${name} ${checksum}`) : [];
  } catch {
    // No such table, or no such database: the engine, which comes next, meets the same and says so.
    return [];
  } finally {
    await connection?.dispose();
  }
}

/** The checksum by which `_prisma_migrations` knows a migration. */
function checksumOf(sql: string): string {
  return createHash('sha256').update(sql, 'utf8').digest('hex');
}

/** The folder that holds package.json, however deep the compiled files lie below it. */
async function findPackageRoot(): Promise<string> {
  let folder = import.meta.dirname;
  while (folder !== dirname(folder)) {
    const names = await readdir(folder);
    if (names.includes('package.json') && names.includes('prisma')) return folder;
    folder = dirname(folder);
  }
  throw new Error(`No package.json beside a prisma folder above ${import.meta.dirname}`);
}
