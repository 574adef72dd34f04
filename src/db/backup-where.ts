import type { BackupFilter, BackupSort } from './backup-queries.js';
import type { Prisma } from './generated/sqlite/client.js';
import { toSearchName } from './name-keys.js';

const SORT_COLUMNS = {
  CREATED_AT: 'createdAt',
  NAME: 'sortName',
  SIZE_BYTES: 'sizeBytes',
  EXPIRES_AT: 'expiresAt',
} as const satisfies Record<BackupSort['field'], keyof Prisma.BackupOrderByWithRelationInput>;

/** The condition that stands for `filter`. */
export function toBackupWhere(filter: BackupFilter | null): Prisma.BackupWhereInput {
  const { status, type, component, createdAfter, createdBefore, search, pinned } = filter ?? {};
  return {
    ...(status ? { status: { in: status } } : {}),
    ...(type ? { type } : {}),
    ...(component ? { components: { some: { component } } } : {}),
    ...toCreatedBetween(createdAfter, createdBefore),
    ...(search ? { searchName: { contains: toSearchName(search) } } : {}),
    ...(pinned === null || pinned === undefined ? {} : { pinned }),
  };
}

/** The condition that a row was made between two instants, both inclusive, each optional. */
export function toCreatedBetween(
  after: Date | null | undefined,
  before: Date | null | undefined,
): { createdAt?: { gte?: Date; lte?: Date } } {
  if (!after && !before) return {};
  return { createdAt: { ...(after ? { gte: after } : {}), ...(before ? { lte: before } : {}) } };
}

/** The order that stands for `sort`, with the id as the tie-breaker so that pages never overlap. */
export function toBackupOrder(sort: BackupSort): Prisma.BackupOrderByWithRelationInput[] {
  const direction = sort.direction === 'ASC' ? 'asc' : 'desc';
  return [{ [SORT_COLUMNS[sort.field]]: direction }, { id: direction }];
}
