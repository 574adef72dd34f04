import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import type { BackupSort } from '../../src/db/backup-queries.js';
import { withTemporaryMetadata } from '../support/temporary-metadata.js';

const ROWS = 10_000;

/** Fills the file with backups, as years of use would. */
function fill(path: string): void {
  const database = new DatabaseSync(path);
  database.exec(`
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS - 1})
    INSERT INTO backups (id, status, type, trigger, name, sortName, searchName, encrypted, compressed, retentionDays,
      createdBy, createdAt, expiresAt, sizeBytes, storedBytes)
    SELECT printf('%08x', i * 7919 % 10007), CASE i % 5 WHEN 0 THEN 'FAILED' ELSE 'COMPLETED' END, 'FULL', 'MANUAL',
      'backup ' || i, 'backup ' || i, 'backup ' || i, 1, 1, 30, 'alice',
      strftime('%Y-%m-%dT%H:%M:%S.000+00:00', 1700000000 + i * 3600, 'unixepoch'),
      strftime('%Y-%m-%dT%H:%M:%S.000+00:00', 1800000000 + i * 3600, 'unixepoch'), i * 1000, i
    FROM n;
    INSERT INTO backup_components (backupId, component, captured)
      SELECT id, column1, 1 FROM backups, (VALUES ('DATABASE'), ('FILES'));
    ANALYZE;
  `);
  database.close();
}

describe('metadata with 10,000 backups', () => {
  it('lists any page in any order quickly', () =>
    withTemporaryMetadata(async ({ backups }, path) => {
      fill(path);
      const times: number[] = [];
      for (const field of [
        'CREATED_AT',
        'NAME',
        'SIZE_BYTES',
        'EXPIRES_AT',
      ] satisfies BackupSort['field'][]) {
        for (const filter of [null, { status: ['FAILED' as const] }, { component: 'FILES' as const }]) {
          const startedAt = performance.now();
          const found = await backups.list({ page: 3, limit: 20 }, filter, { field, direction: 'DESC' });
          times.push(performance.now() - startedAt);
          expect(found.items.length).to.equal(20);
          expect(found.total).to.equal(filter !== null && 'status' in filter ? ROWS / 5 : ROWS);
        }
      }
      expect(Math.max(...times)).to.be.lessThan(500);
      expect(times.toSorted((a, b) => a - b)[6]).to.be.lessThan(100);
    }));

  /** The steps of SQLite's plan for a query. */
  function explain(path: string, sql: string): string {
    const database = new DatabaseSync(path);
    const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    database.close();
    return steps.map(({ detail }) => detail).join('; ');
  }

  it('reads pages from an index without sorting', () =>
    withTemporaryMetadata(async (_metadata, path) => {
      fill(path);
      for (const column of ['createdAt', 'sortName', 'sizeBytes', 'expiresAt']) {
        const plan = explain(path, `SELECT * FROM backups ORDER BY ${column} DESC, id DESC LIMIT 20`);
        expect(plan).to.contain(`backups_${column}_id_idx`).and.not.contain('TEMP B-TREE');
      }
      const filtered = "SELECT * FROM backups WHERE status IN ('FAILED') ORDER BY createdAt, id LIMIT 20";
      expect(explain(path, filtered))
        .to.contain('backups_status_createdAt_id_idx')
        .and.not.contain('TEMP B-TREE');
    }));

  it('adds the summary up from an index alone', () =>
    withTemporaryMetadata(async (_metadata, path) => {
      fill(path);
      const plan = explain(
        path,
        'SELECT status, COUNT(*), SUM(sizeBytes), SUM(storedBytes), MIN(createdAt), MAX(createdAt) FROM backups WHERE 1=1 GROUP BY status ORDER BY status',
      );
      expect(plan).to.contain('COVERING INDEX').and.not.contain('TEMP B-TREE');
    }));
});
