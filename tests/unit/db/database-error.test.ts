import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { convertDatabaseError, withDatabaseErrors } from '../../../src/db/database-error.js';
import { PrismaClient } from '../../../src/db/generated/sqlite/client.js';
import { migrate } from '../../../src/db/migrate.js';
import { SqliteAdapter } from '../../../src/db/sqlite-adapter.js';
import { ConflictError } from '../../../src/shared/errors.js';
import { codeOf } from '../../support/service-kit.js';

describe('convertDatabaseError()', () => {
  let folder: string;
  let client: PrismaClient;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-errors-'));
    const adapter = new SqliteAdapter({ url: `file:${join(folder, 'metadata.db')}` });
    await migrate('sqlite', adapter);
    client = new PrismaClient({ adapter });
  });
  afterEach(async () => {
    await client.$disconnect();
    await rm(folder, { recursive: true });
  });

  const audit = (id: string, action: string) =>
    withDatabaseErrors(() =>
      client.auditEntry.create({ data: { id, at: new Date(0), actor: 'alice', action, outcome: 'ok' } }),
    );

  it('tells a full disk from others, outside and inside a transaction', async () => {
    // What SQLite answers at this limit is what it answers on a full disk: SQLITE_FULL.
    await client.$queryRawUnsafe('PRAGMA max_page_count = 40');
    expect(await codeOf(audit('a', 'x'.repeat(1_000_000)))).to.equal('INSUFFICIENT_STORAGE');
    const inside = withDatabaseErrors(() =>
      client.$transaction(async (transaction) => {
        const data = {
          id: 'a',
          at: new Date(0),
          actor: 'alice',
          action: 'x'.repeat(1_000_000),
          outcome: 'ok',
        };
        await transaction.auditEntry.create({ data });
      }),
    );
    expect(await codeOf(inside)).to.equal('INSUFFICIENT_STORAGE');
    await audit('b', 'small');
  });

  it('calls what the database refuses otherwise unavailable', async () => {
    await client.$executeRawUnsafe('DROP TABLE audit_entries');
    expect(await codeOf(audit('a', 'b'))).to.equal('SERVICE_UNAVAILABLE');
  });

  it('leaves our own errors and bugs as they are', () => {
    for (const error of [new ConflictError('No'), new TypeError('bug'), 'text']) {
      expect(convertDatabaseError(error)).to.equal(error);
    }
  });
});
