import { COMPONENTS, type Component, sortComponents } from '../shared/component.js';
import type { BackupComponentRecord, BackupRecord, OperationError } from '../shared/operation.js';
import type { KeepRules } from '../shared/schedule.js';
import type { Prisma } from './generated/sqlite/client.js';
import { toSearchName, toSortName } from './name-keys.js';

/** A backup's row with its components. */
export type BackupRow = Prisma.BackupGetPayload<{ include: { components: true } }>;

/** Fields of a backup that change after it was made. */
export type BackupChanges = Partial<
  Pick<
    BackupRecord,
    | 'status'
    | 'startedAt'
    | 'completedAt'
    | 'components'
    | 'sizeBytes'
    | 'storedBytes'
    | 'fileCount'
    | 'checksum'
    | 'snapshotId'
    | 'error'
    | 'notices'
    | 'suspicion'
  >
>;

/** The error of an operation from its two columns. */
export function toOperationError(code: string | null, message: string | null): OperationError | null {
  return code === null ? null : { code, message: message ?? '' };
}

/** The domain's backup from its row. */
export function toBackupRecord(row: BackupRow): BackupRecord {
  const { sortName, searchName, deletionStartedAt, errorCode, errorMessage, ...fields } = row;
  const order = (component: string): number => COMPONENTS.indexOf(component as Component);
  const rows = row.components.toSorted((a, b) => order(a.component) - order(b.component));
  return {
    ...fields,
    type: row.type as BackupRecord['type'],
    status: row.status as BackupRecord['status'],
    trigger: row.trigger as BackupRecord['trigger'],
    requestedComponents: rows.map(({ component }) => component as Component),
    components: rows.filter(({ captured }) => captured).map(toComponentRecord),
    sizeBytes: Number(row.sizeBytes),
    storedBytes: Number(row.storedBytes),
    error: toOperationError(errorCode, errorMessage),
    notices: JSON.parse(row.notices) as string[],
    keepRules: row.keepRules === null ? null : (JSON.parse(row.keepRules) as KeepRules),
  };
}

function toComponentRecord(row: BackupRow['components'][number]): BackupComponentRecord {
  return {
    component: row.component as Component,
    source: row.source,
    sizeBytes: Number(row.sizeBytes),
    storedBytes: Number(row.storedBytes),
    fileCount: row.fileCount,
    checksum: row.checksum,
  };
}

/** The row of a new backup. */
export function toBackupRow(backup: BackupRecord) {
  const { requestedComponents, components, error, notices, keepRules, ...fields } = backup;
  const captured = new Map(components.map((component) => [component.component, component]));
  return {
    ...fields,
    sortName: toSortName(backup.name),
    searchName: toSearchName(backup.name),
    errorCode: error?.code ?? null,
    errorMessage: error?.message ?? null,
    notices: JSON.stringify(notices),
    keepRules: keepRules && JSON.stringify(keepRules),
    components: {
      create: sortComponents([...requestedComponents, ...captured.keys()]).map((component) => {
        const record = captured.get(component);
        return record === undefined ? { component } : { ...record, captured: true };
      }),
    },
  } satisfies Prisma.BackupCreateInput;
}

/** The columns that `changes` touches. */
export function toBackupColumns(changes: BackupChanges): Prisma.BackupUpdateManyMutationInput {
  const { components: _written_apart, error, notices, ...columns } = changes;
  return {
    ...columns,
    ...(error === undefined ? {} : { errorCode: error?.code ?? null, errorMessage: error?.message ?? null }),
    ...(notices === undefined ? {} : { notices: JSON.stringify(notices) }),
  };
}
