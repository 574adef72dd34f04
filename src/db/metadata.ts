/**
 * The door to the metadata: what Tillvault knows beside the repository (backups, restores, progress, audit).
 * SQLite and PostgreSQL are served by the same models and the same queries.
 */
import { AlertRepository } from './alert-repository.js';
import { AuditRepository } from './audit-repository.js';
import { BackupCheckRepository } from './backup-check-repository.js';
import { BackupRepository } from './backup-repository.js';
import { withDatabaseErrors } from './database-error.js';
import { PrismaClient } from './generated/sqlite/client.js';
import { createMetadataAdapter, type MetadataAdapter, type MetadataProvider } from './metadata-adapter.js';
import { migrateInThread } from './migrate-in-thread.js';
import { isUpToDate, readMigrations } from './migrations.js';
import { ProgressRepository } from './progress-repository.js';
import { RecurringTaskRepository } from './recurring-task-repository.js';
import { RestoreRepository } from './restore-repository.js';
import { ScheduleRepository } from './schedule-repository.js';
import { StoredObjectRepository } from './stored-object-repository.js';

/** An open metadata database, one repository per aggregate. */
export interface Metadata {
  readonly provider: MetadataProvider;
  readonly backups: BackupRepository;
  readonly restores: RestoreRepository;
  readonly progress: ProgressRepository;
  readonly audit: AuditRepository;
  readonly schedules: ScheduleRepository;
  readonly recurringTasks: RecurringTaskRepository;
  readonly checks: BackupCheckRepository;
  readonly storedObjects: StoredObjectRepository;
  readonly alerts: AlertRepository;
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
  const { provider, adapter } = await createMetadataAdapter(url);
  const migrations = await readMigrations(provider);
  if (!(await isUpToDate(adapter, migrations.list))) await migrateInThread(url);
  const client = await createClient({ provider, adapter });
  return {
    provider,
    backups: new BackupRepository(client),
    restores: new RestoreRepository(client),
    progress: new ProgressRepository(client),
    audit: new AuditRepository(client),
    schedules: new ScheduleRepository(client),
    recurringTasks: new RecurringTaskRepository(client),
    checks: new BackupCheckRepository(client),
    storedObjects: new StoredObjectRepository(client),
    alerts: new AlertRepository(client),
    ping: () =>
      withDatabaseErrors(async () => {
        await client.$queryRaw`SELECT 1`;
      }),
    close: () => client.$disconnect(),
  };
}

/** The client of PostgreSQL is loaded only when it is needed. */
async function createClient({ provider, adapter }: MetadataAdapter): Promise<PrismaClient> {
  if (provider === 'sqlite') return new PrismaClient({ adapter });
  const { PrismaClient: PostgresClient } = await import('./generated/postgresql/client.js');
  // Both clients come from the same models; the SQLite one offers the smaller set of operations, which both have.
  return new PostgresClient({ adapter }) as unknown as PrismaClient;
}
