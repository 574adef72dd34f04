import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { expect } from 'chai';
import { openMetadata } from '../../src/db/metadata.js';
import type { MetadataProvider } from '../../src/db/metadata-adapter.js';
import { migrate } from '../../src/db/migrate.js';
import { isUpToDate, readMigrations } from '../../src/db/migrations.js';
import {
  diffSchemas,
  openSchemaComparer,
  openSchemaEngine,
  type SchemaFile,
} from '../../src/db/schema-engine.js';
import { SqliteAdapter } from '../../src/db/sqlite-adapter.js';
import { makeEvent, makeQueuedBackup } from '../support/backup-records.js';

const PROVIDERS: MetadataProvider[] = ['sqlite', 'postgresql'];
const EMPTY = '-- This is an empty migration.';

/** The project's prisma folder, from wherever this file was compiled to. */
async function findPrisma(): Promise<string> {
  let folder = import.meta.dirname;
  while (!(await readdir(folder)).includes('package.json')) folder = dirname(folder);
  return join(folder, 'prisma');
}

async function readSchema(provider: MetadataProvider, models = 'models.prisma'): Promise<SchemaFile[]> {
  const prisma = await findPrisma();
  return Promise.all(
    [`${provider}.prisma`, models].map(async (file) => {
      const path = join(prisma, file);
      return { path, content: await readFile(path, 'utf8') };
    }),
  );
}

/** What is missing between a SQLite database and the models. */
async function diffDatabase(adapter: SqliteAdapter): Promise<string> {
  const files = await readSchema('sqlite');
  const engine = await openSchemaEngine(adapter, files);
  try {
    const { stdout } = await engine.commands.diff({
      from: { tag: 'schemaDatasource', files, configDir: await findPrisma() },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: null,
      filters: {
        externalTables: ['_prisma_migrations'],
        externalEnums: [],
      },
    });
    return stdout?.trim() ?? '';
  } finally {
    await engine.close();
  }
}

describe('metadata migrations', () => {
  for (const provider of PROVIDERS) {
    it(`lead to the models on ${provider}`, async () => {
      const models = await readSchema(provider);
      const migrated = await readSchema(provider, 'migrations/models.prisma');
      const engine = await openSchemaComparer(provider, models);
      expect((await diffSchemas(engine, migrated, models)).trim()).to.equal(EMPTY);
      await engine.close();
    });

    it(`have SQL for every model on ${provider}`, async () => {
      const folder = join(await findPrisma(), 'migrations', provider);
      const names = (await readdir(folder)).filter((name) => /^\d{14}_/.test(name)).sort();
      const sql = await Promise.all(
        names.map((name) => readFile(join(folder, name, 'migration.sql'), 'utf8')),
      );
      const tables = [...sql.join('\n').matchAll(/CREATE TABLE "(\w+)"/g)].map(([, table]) => table);
      const [, models] = await readSchema(provider);
      const mapped = [...(models?.content ?? '').matchAll(/@@map\("(\w+)"\)/g)].map(([, table]) => table);
      expect(tables).to.have.members(mapped);
    });
  }

  it('are the same for both databases', async () => {
    const folder = join(await findPrisma(), 'migrations');
    const [sqlite, postgresql] = await Promise.all(
      PROVIDERS.map((provider) => readdir(join(folder, provider))),
    );
    expect(sqlite).to.deep.equal(postgresql);
  });

  context('when applied to SQLite', () => {
    let folder: string;
    let adapter: SqliteAdapter;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'tillvault-migrations-'));
      adapter = new SqliteAdapter({ url: `file:${join(folder, 'metadata.db')}` });
    });
    afterEach(() => rm(folder, { recursive: true }));

    it('leave nothing between the database and the models', async () => {
      await migrate('sqlite', adapter);
      expect(await diffDatabase(adapter)).to.equal(EMPTY);
    });

    it('would show what is missing', async () => {
      await migrate('sqlite', adapter);
      const connection = await adapter.connect();
      await connection.executeScript('DROP INDEX "backups_createdAt_id_idx"');
      await connection.dispose();
      expect(await diffDatabase(adapter)).to.contain('CREATE INDEX "backups_createdAt_id_idx"');
    });

    it('are applied once', async () => {
      expect((await migrate('sqlite', adapter)).length).to.be.greaterThan(0);
      expect(await migrate('sqlite', adapter)).to.deep.equal([]);
    });
  });

  context('when applied to PostgreSQL', () => {
    const server = 'postgresql://postgres@127.0.0.1:5432';
    const database = `tillvault_test_${process.pid}`;
    let isThere = false;

    /** Runs one statement in the server's own database. */
    async function administer(sql: string): Promise<void> {
      const connection = await new PrismaPg({ connectionString: `${server}/postgres` }).connect();
      await connection.executeScript(sql).finally(() => connection.dispose());
    }

    before(async function () {
      try {
        await administer(`CREATE DATABASE ${database}`);
        isThere = true;
      } catch (error) {
        // A build server has to have one; elsewhere the rest of the tests is worth running without.
        if (process.env.CI === 'true') throw error;
        this.skip();
      }
    });
    after(async () => {
      if (isThere) await administer(`DROP DATABASE ${database} WITH (FORCE)`);
    });

    // The engine's WebAssembly cannot read a PostgreSQL back (it stumbles over the type "char").
    it('are applied once', async () => {
      const adapter = new PrismaPg({ connectionString: `${server}/${database}` });
      const { list } = await readMigrations('postgresql');
      expect(await isUpToDate(adapter, list)).to.equal(false);
      expect((await migrate('postgresql', adapter)).length).to.be.greaterThan(0);
      expect(await migrate('postgresql', adapter)).to.deep.equal([]);
      expect(await isUpToDate(adapter, list)).to.equal(true);
    });

    it('serve the same repositories', async () => {
      const metadata = await openMetadata(`${server}/${database}`);
      const backup = makeQueuedBackup({ name: '100%_É', idempotencyKey: 'once', sizeBytes: 2 ** 53 - 1 });
      await metadata.backups.insert(backup);
      expect(await metadata.backups.insert({ ...backup, id: 'other' })).to.deep.equal({
        backup,
        isNew: false,
      });
      const sort = { field: 'NAME', direction: 'ASC' } as const;
      const found = await metadata.backups.list({ page: 1, limit: 10 }, { search: '%_é' }, sort);
      expect(found.items).to.deep.equal([backup]);
      expect(found.summary).to.include({ total: 1, running: 1, totalSizeBytes: 2 ** 53 - 1 });
      expect((await metadata.backups.list({ page: 1, limit: 10 }, { search: '_%' }, sort)).total).to.equal(0);
      const events = [1, 2, 3].map((sequence) => makeEvent(backup.id, sequence));
      await metadata.progress.append(events);
      expect(await metadata.progress.findLatestOfAll(['none', backup.id])).to.deep.equal([events[2]]);
      await metadata.close();
    });
  });
});
