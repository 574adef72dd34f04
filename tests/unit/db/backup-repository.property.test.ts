import { expect } from 'chai';
import fc from 'fast-check';
import type { BackupFilter, BackupSort, BackupSummary } from '../../../src/db/backup-queries.js';
import { COMPONENTS, sortComponents } from '../../../src/shared/component.js';
import { BACKUP_STATUSES, BACKUP_TYPES, type BackupRecord } from '../../../src/shared/operation.js';
import { makeQueuedBackup } from '../../support/backup-records.js';
import { scaled } from '../../support/scale.js';
import { withTemporaryMetadata } from '../../support/temporary-metadata.js';

const EPOCH = Date.parse('2026-01-01T00:00:00Z');
const instants = fc.nat(20).map((hours) => new Date(EPOCH + hours * 3_600_000));
/** Few letters, so that searches hit; wildcards of LIKE, and letters whose case only Unicode knows. */
const names = fc.string({
  unit: fc.constantFrom('a', 'A', 'b', 'É', 'é', 'Ж', 'ж', '%', '_', '\\', ' '),
  minLength: 1,
  maxLength: 6,
});
const components = fc.subarray([...COMPONENTS], { minLength: 1 });

const backups = fc.array(
  fc.record({
    name: names,
    status: fc.constantFrom(...BACKUP_STATUSES),
    type: fc.constantFrom(...BACKUP_TYPES),
    requestedComponents: components,
    createdAt: instants,
    expiresAt: instants,
    sizeBytes: fc.constantFrom(0, 1, 2, 2 ** 40),
    storedBytes: fc.nat(100),
    pinned: fc.boolean(),
  }),
  { maxLength: 25 },
);

const filters: fc.Arbitrary<BackupFilter> = fc.record(
  {
    status: fc.option(fc.subarray([...BACKUP_STATUSES])),
    type: fc.option(fc.constantFrom(...BACKUP_TYPES)),
    component: fc.option(fc.constantFrom(...COMPONENTS)),
    createdAfter: fc.option(instants),
    createdBefore: fc.option(instants),
    search: fc.option(fc.string({ unit: fc.constantFrom('a', 'B', 'É', 'ж', '%', '_', '\\'), maxLength: 2 })),
    pinned: fc.option(fc.boolean()),
  },
  { requiredKeys: [] },
);

const sorts: fc.Arbitrary<BackupSort> = fc.record({
  field: fc.constantFrom(
    'CREATED_AT' as const,
    'NAME' as const,
    'SIZE_BYTES' as const,
    'EXPIRES_AT' as const,
  ),
  direction: fc.constantFrom('ASC' as const, 'DESC' as const),
});

/** What the filter means, in the plainest words. */
function matches(backup: BackupRecord, filter: BackupFilter): boolean {
  const { status, type, component, createdAfter, createdBefore, search, pinned } = filter;
  return (
    (!status || status.includes(backup.status)) &&
    (!type || backup.type === type) &&
    (!component || backup.requestedComponents.includes(component)) &&
    (!createdAfter || backup.createdAt >= createdAfter) &&
    (!createdBefore || backup.createdAt <= createdBefore) &&
    (!search || backup.name.toLowerCase().includes(search.toLowerCase())) &&
    (pinned === null || pinned === undefined || backup.pinned === pinned)
  );
}

/** Orders as the sort says, then by id; text by its UTF-8 bytes, as SQLite does. */
function compare(a: BackupRecord, b: BackupRecord, { field, direction }: BackupSort): number {
  const key = (backup: BackupRecord) =>
    ({
      CREATED_AT: backup.createdAt.getTime(),
      NAME: backup.name.toLowerCase(),
      SIZE_BYTES: backup.sizeBytes,
      EXPIRES_AT: backup.expiresAt.getTime(),
    })[field];
  const order = (x: number | string, y: number | string) =>
    typeof x === 'number' ? x - Number(y) : Buffer.compare(Buffer.from(x), Buffer.from(String(y)));
  const whole = order(key(a), key(b)) || order(a.id, b.id);
  return direction === 'ASC' ? whole : -whole;
}

function summarise(found: readonly BackupRecord[]): BackupSummary {
  const count = (...statuses: string[]) => found.filter(({ status }) => statuses.includes(status)).length;
  const times = found.map(({ createdAt }) => createdAt.getTime());
  return {
    total: found.length,
    completed: count('COMPLETED'),
    failed: count('FAILED'),
    running: count('QUEUED', 'RUNNING'),
    totalSizeBytes: found.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    totalStoredBytes: found.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
    oldest: found.length === 0 ? null : new Date(Math.min(...times)),
    newest: found.length === 0 ? null : new Date(Math.max(...times)),
  };
}

describe('BackupRepository', () => {
  describe('list()', () => {
    it('finds what a plain search in memory finds', async () => {
      await withTemporaryMetadata(async ({ backups: repository }) => {
        const page = fc.record({
          page: fc.integer({ min: 1, max: 4 }),
          limit: fc.integer({ min: 1, max: 10 }),
        });
        const questions = fc.array(fc.tuple(page, filters, sorts), { minLength: 10, maxLength: 10 });
        await fc.assert(
          fc.asyncProperty(backups, questions, async (given, asked) => {
            for (const { id } of await repository.listStates()) await repository.delete(id);
            const all = given.map((fields, place) =>
              makeQueuedBackup({
                ...fields,
                requestedComponents: sortComponents(fields.requestedComponents),
                id: `id ${String(place * 7919).padStart(9, '0')}`,
              }),
            );
            for (const backup of all) await repository.insert(backup);
            for (const [{ page: number, limit }, filter, sort] of asked) {
              const found = all
                .filter((backup) => matches(backup, filter))
                .sort((a, b) => compare(a, b, sort));
              expect(await repository.list({ page: number, limit }, filter, sort)).to.deep.equal({
                items: found.slice((number - 1) * limit, number * limit),
                total: found.length,
                summary: summarise(found),
              });
            }
          }),
          { numRuns: scaled(12, 400) },
        );
      });
    }).timeout(scaled(30_000, 1_800_000));
  });
});
