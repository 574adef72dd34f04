import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { AppError, StorageError } from '../shared/errors.js';
import type { MetadataProvider } from './metadata-adapter.js';
import { type Migrations, readMigrations } from './migrations.js';
import { openSchemaEngine } from './schema-engine.js';
import { DAMAGED } from './sqlite-adapter.js';

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
  try {
    const migrations = await readMigrations(provider);
    const engine = await openSchemaEngine(adapter, [migrations.header]);
    try {
      const { appliedMigrationNames } = await engine.commands.applyMigrations({
        migrationsList: toMigrationsList(migrations),
        filters: { externalTables: [], externalEnums: [] },
      });
      return appliedMigrationNames;
    } finally {
      await engine.close();
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (provider === 'sqlite' && isDamage(error))
      throw new StorageError('SERVICE_UNAVAILABLE', DAMAGED, { cause: error });
    throw new StorageError(
      'SERVICE_UNAVAILABLE',
      'The metadata database could not be brought up to date: check that it can be reached and written, and that this server is not older than the one that used it last',
      { cause: error },
    );
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB, in the engine's words. Its errors are plain objects here and there. */
function isDamage(error: unknown): boolean {
  const text = error instanceof Error ? error.message : JSON.stringify(error);
  return /Error code (11|26)\b/i.test(text);
}

/** The migrations in the engine's shape. */
function toMigrationsList({ folder, lockfile, list }: Migrations) {
  return {
    baseDir: folder,
    lockfile,
    shadowDbInitScript: '',
    migrationDirectories: list.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: sql } },
    })),
  };
}
