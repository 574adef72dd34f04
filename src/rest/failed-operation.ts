import { AppError, errorOf, isErrorCode } from '../shared/errors.js';
import type { BackupRecord, RestoreRecord } from '../shared/operation.js';
import { toBackupView, toRestoreView } from './views.js';

/** A backup or restore that was waited for and ended without success: answered as its own error, with what it became. */
export class FailedOperation extends Error {
  /** What is shown beside the error. */
  readonly shown: { backup: ReturnType<typeof toBackupView> } | { restore: ReturnType<typeof toRestoreView> };

  constructor(
    operation: { kind: 'backup'; record: BackupRecord } | { kind: 'restore'; record: RestoreRecord },
  ) {
    const { kind, record } = operation;
    const { error, status } = record;
    super(error?.message ?? `The ${kind} ended ${status}`, { cause: toAppError(kind, record) });
    this.name = new.target.name;
    this.shown =
      operation.kind === 'backup'
        ? { backup: toBackupView(operation.record) }
        : { restore: toRestoreView(operation.record) };
  }
}

function toAppError(
  kind: string,
  { error, status }: Pick<BackupRecord | RestoreRecord, 'error' | 'status'>,
): AppError {
  if (error === null)
    return new AppError('SERVICE_UNAVAILABLE', `The ${kind} has not ended, found it ${status}`);
  return errorOf(isErrorCode(error.code) ? error.code : 'INTERNAL_SERVER_ERROR', error.message);
}
