import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { InvalidInputError } from '../shared/errors.js';
import { prepareSqliteFile, SqliteAdapter } from './sqlite-adapter.js';

/** The databases that can hold the metadata, in Prisma's words. */
export type MetadataProvider = 'sqlite' | 'postgresql';

/** How Prisma reaches one metadata database. */
export interface MetadataAdapter {
  provider: MetadataProvider;
  adapter: SqlMigrationAwareDriverAdapterFactory;
}

/**
 * The driver adapter for `url`; the driver of PostgreSQL is loaded only when it is needed. Makes the file of a SQLite
 * database when it is not there.
 * @throws InvalidInputError for another kind of URL
 */
export async function createMetadataAdapter(url: string): Promise<MetadataAdapter> {
  if (url.startsWith('file:')) {
    const path = url.startsWith('file://') ? fileURLToPath(url) : resolve(url.slice('file:'.length));
    await prepareSqliteFile(path);
    return { provider: 'sqlite', adapter: new SqliteAdapter({ url: toUrl(path) }) };
  }
  if (/^postgres(ql)?:\/\//.test(url)) {
    const { PrismaPg } = await import('@prisma/adapter-pg');
    return { provider: 'postgresql', adapter: new PrismaPg({ connectionString: url }) };
  }
  throw new InvalidInputError('The metadata database URL must begin with file: or postgresql://');
}

/** Every part encoded, because libSQL reads `%`, `#` and `?` as an URL does. */
function toUrl(path: string): string {
  return `file:${path.split('/').map(encodeURIComponent).join('/')}`;
}
