import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { openMetadata } from '../../../src/db/metadata.js';
import { createMetadataAdapter } from '../../../src/db/metadata-adapter.js';
import { isUpToDate, readMigrations } from '../../../src/db/migrations.js';
import { StorageError } from '../../../src/shared/errors.js';
import { withTemporaryMetadata } from '../../support/temporary-metadata.js';

/** Whether metadata that `change` was done to still needs no schema engine. */
async function isUpToDateAfter(change: string): Promise<boolean> {
  return withTemporaryMetadata(async (metadata, path) => {
    await metadata.close();
    execute(path, change);
    const { adapter } = await createMetadataAdapter(`file:${path}`);
    return isUpToDate(adapter, (await readMigrations('sqlite')).list);
  });
}

function execute(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

describe('isUpToDate()', () => {
  it('is true of a database that was just migrated', async () => {
    expect(await isUpToDateAfter('SELECT 1')).to.equal(true);
  });

  for (const [what, change] of [
    ['has no account', 'DROP TABLE _prisma_migrations'],
    ['lacks a migration', "DELETE FROM _prisma_migrations WHERE migration_name LIKE '%paths%'"],
    ['had an edited one', "UPDATE _prisma_migrations SET checksum = '0' WHERE migration_name LIKE '%paths%'"],
    ['had one that did not end', 'UPDATE _prisma_migrations SET finished_at = NULL'],
    ['had one that was rolled back', 'UPDATE _prisma_migrations SET rolled_back_at = 1'],
    [
      'had one of a newer server',
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES (1, 1, '2099_new', 1)",
    ],
  ] as const) {
    it(`is false of a database that ${what}`, async () => {
      expect(await isUpToDateAfter(change)).to.equal(false);
    });
  }
});

describe('openMetadata()', () => {
  it('says why when the schema engine refuses, from the thread that it ran in', async () => {
    await withTemporaryMetadata(async (metadata, path) => {
      await metadata.close();
      execute(path, 'UPDATE _prisma_migrations SET finished_at = NULL');
      const failure = await openMetadata(`file:${path}`).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(StorageError);
      expect(String((failure as Error).cause)).to.match(/fail/i);
    });
  });
});
