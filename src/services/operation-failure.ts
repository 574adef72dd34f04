import { AppError, CancelledError } from '../shared/errors.js';
import type { OperationError } from '../shared/operation.js';

/** How an operation that threw has ended. */
export interface OperationFailure {
  /** ROLLED_BACK when live data was touched and brought back, whatever the reason. */
  status: 'FAILED' | 'CANCELLED' | 'ROLLED_BACK';
  error: OperationError;
  /** True when the error is a bug of ours: log it. */
  isUnexpected: boolean;
}

/** The reason that a user's cancellation gives to the AbortSignal, and what the operation ends with. */
export function toCancellation(subject: string): CancelledError {
  return new CancelledError(`Cancelled by '${subject}'`);
}

/** Says how an operation ended that threw `error` while `signal` was given to it. */
export function toOperationFailure(error: unknown, signal: AbortSignal): OperationFailure {
  const isRolledBack = error instanceof AppError && error.details.rolledBack === true;
  const end = describe(error, signal);
  return isRolledBack ? { ...end, status: 'ROLLED_BACK' } : end;
}

function describe(error: unknown, signal: AbortSignal): OperationFailure {
  if (isCancellation(error)) {
    const reason: unknown = signal.aborted ? signal.reason : undefined;
    if (reason instanceof AppError && reason.code === 'CANCELLED') {
      return fail('CANCELLED', reason);
    }
    return fail('FAILED', reason instanceof AppError ? reason : INTERRUPTED);
  }
  if (error instanceof AppError) return fail('FAILED', error);
  return {
    status: 'FAILED',
    error: {
      code: 'INTERNAL_SERVER_ERROR',
      message: 'The operation stopped because of an internal error: the server log says more',
    },
    isUnexpected: true,
  };
}

function isCancellation(error: unknown): boolean {
  return (
    (error instanceof AppError && error.code === 'CANCELLED') ||
    (error instanceof Error && error.name === 'AbortError')
  );
}

function fail(status: 'FAILED' | 'CANCELLED', { code, message }: AppError): OperationFailure {
  return { status, error: { code, message }, isUnexpected: false };
}

/** What an operation ends with whose server went away while it ran. */
export const INTERRUPTED = new AppError(
  'INTERRUPTED',
  'The server was stopped while the operation ran: start it again',
);
