import { isBackupEnded, isRestoreEnded, type OperationError } from '../shared/operation.js';
import { type AuditService, asSystem } from './audit-service.js';
import type { OperationChange } from './operation-feed.js';

/**
 * Records how a backup or a restore ended, on behalf of the server: who asked for it is in the entry of its creation.
 * An end that cannot be recorded stands: it is stored with the operation, and `onFailure` is told.
 */
export function recordEnd(
  change: OperationChange,
  deps: { audit: Pick<AuditService, 'record'>; onFailure(error: unknown, id: string): void },
): void {
  const end = change.kind === 'backup' ? describeBackup(change.backup) : describeRestore(change.restore);
  if (end === null) return;
  const { action, id, status, error } = end;
  const outcome = status === 'COMPLETED' ? 'ok' : (error?.code ?? status);
  deps.audit
    .record(asSystem(action, { target: id, outcome, detail: status }))
    .catch((failure: unknown) => deps.onFailure(failure, id));
}

interface End {
  action: string;
  id: string;
  status: string;
  error: OperationError | null;
}

function describeBackup({
  id,
  status,
  error,
}: Extract<OperationChange, { kind: 'backup' }>['backup']): End | null {
  return isBackupEnded(status) ? { action: 'backup.end', id, status, error } : null;
}

function describeRestore({
  id,
  status,
  error,
}: Extract<OperationChange, { kind: 'restore' }>['restore']): End | null {
  return isRestoreEnded(status) ? { action: 'restore.end', id, status, error } : null;
}
