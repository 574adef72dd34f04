/**
 * The door to the metadata: what Tillvault knows beside the repository (backups, restores, progress, audit).
 * SQLite and PostgreSQL are served by the same models and the same queries.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { InvalidInputError } from '../shared/errors.js';
import { AuditRepository } from './audit-repository.js';
import { BackupRepository } from './backup-repository.js';
import { withDatabaseErrors } from './database-error.js';
import { PrismaClient as PostgresClient } from './generated/postgresql/client.js';
import { PrismaClient } from './generated/sqlite/client.js';
import { type MetadataProvider, migrate } from './migrate.js';
import { ProgressRepository } from './progress-repository.js';
import { RestoreRepository } from './restore-repository.js';
import { prepareSqliteFile, SqliteAdapter } from './sqlite-adapter.js';

/** An open metadata database, one repository per aggregate. */
export interface Metadata {
  readonly provider: MetadataProvider;
  readonly backups: BackupRepository;
  readonly restores: RestoreRepository;
  readonly progress: ProgressRepository;
  readonly audit: AuditRepository;
  /** Answers when the database can be read. @throws StorageError */
  ping(): Promise<void>;
  /** Disconnects. May be called twice. */
  close(): Promise<void>;
}

/**
 * Opens the metadata database, making and migrating it as needed.
 * @param url `file:` with a path (relative to the working folder, or absolute), or `postgresql://`
 * @throws InvalidInputError for another kind of URL; StorageError when it cannot be reached, written or migrated
 */
export async function openMetadata(url: string): Promise<Metadata> {
  const { provider, adapter } = await createAdapter(url);
  await migrate(provider, adapter);
  const client = createClient(provider, adapter);
  return {
    provider,
    backups: new BackupRepository(client),
    restores: new RestoreRepository(client),
    progress: new ProgressRepository(client),
    audit: new AuditRepository(client),
    ping: () =>
      withDatabaseErrors(async () => {
        await client.$queryRaw`SELECT 1`;
      }),
    close: () => client.$disconnect(),
  };
}

async function createAdapter(
  url: string,
): Promise<{ provider: MetadataProvider; adapter: SqlMigrationAwareDriverAdapterFactory }> {
  if (url.startsWith('file:')) {
    const path = url.startsWith('file://') ? fileURLToPath(url) : resolve(url.slice('file:'.length));
    await prepareSqliteFile(path);
    return { provider: 'sqlite', adapter: new SqliteAdapter({ url: toUrl(path) }) };
  }
  if (/^postgres(ql)?:\/\//.test(url)) {
    return { provider: 'postgresql', adapter: new PrismaPg({ connectionString: url }) };
  }
  throw new InvalidInputError('The metadata database URL must begin with file: or postgresql://');
}

/** Every part encoded, because libSQL reads `%`, `#` and `?` as an URL does. */
function toUrl(path: string): string {
  return `file:${path.split('/').map(encodeURIComponent).join('/')}`;
}

function createClient(
  provider: MetadataProvider,
  adapter: SqlMigrationAwareDriverAdapterFactory,
): PrismaClient {
  if (provider === 'sqlite') return new PrismaClient({ adapter });
  // Both clients come from the same models; the SQLite one offers the smaller set of operations, which both have.
  return new PostgresClient({ adapter }) as unknown as PrismaClient;
}
