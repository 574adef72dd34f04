import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { AppError, StorageError } from '../shared/errors.js';
import { openSchemaEngine } from './schema-engine.js';

/** The databases that can hold the metadata, in Prisma's words. */
export type MetadataProvider = 'sqlite' | 'postgresql';

/**
 * Brings the metadata database to the present models by applying the migrations of `prisma/migrations` that it has
 * not had yet. `_prisma_migrations` keeps the account, as `prisma migrate deploy` would.
 * @returns the names of the migrations that were applied now
 * @throws StorageError when the database cannot be reached, or an earlier migration failed or was edited
 */
export async function migrate(
  provider: MetadataProvider,
  adapter: SqlMigrationAwareDriverAdapterFactory,
): Promise<string[]> {
  const folder = join(await findPackageRoot(), 'prisma');
  const header = join(folder, `${provider}.prisma`);
  try {
    const engine = await openSchemaEngine(adapter, [
      { path: header, content: await readFile(header, 'utf8') },
    ]);
    try {
      const { appliedMigrationNames } = await engine.commands.applyMigrations({
        migrationsList: await readMigrations(join(folder, 'migrations', provider)),
        filters: { externalTables: [], externalEnums: [] },
      });
      return appliedMigrationNames;
    } finally {
      await engine.close();
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new StorageError(
      'SERVICE_UNAVAILABLE',
      'The metadata database could not be brought up to date: check that it can be reached and written, and that this server is not older than the one that used it last',
      { cause: error },
    );
  }
}

/** Every migration below `baseDir`, oldest first, in the engine's shape. */
async function readMigrations(baseDir: string) {
  const lockfile = 'migration_lock.toml';
  const entries = await readdir(baseDir, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return {
    baseDir,
    lockfile: { path: lockfile, content: await readFile(join(baseDir, lockfile), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(
      names.map(async (name) => ({
        path: name,
        migrationFile: {
          path: 'migration.sql',
          content: {
            tag: 'ok' as const,
            value: await readFile(join(baseDir, name, 'migration.sql'), 'utf8'),
          },
        },
      })),
    ),
  };
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
