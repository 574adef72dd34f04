/**
 * The one error tree of Tillvault. Leaves are cut by what the caller can do about them.
 * `docs/errors.md` holds the same table for people; a test keeps both in step.
 */

/** Codes that the public contract allows in `extensions.code`. */
export const CONTRACT_CODES = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'BAD_USER_INPUT',
  'CONFLICT',
  'INSUFFICIENT_STORAGE',
  'SERVICE_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
] as const;
export type ContractCode = (typeof CONTRACT_CODES)[number];

/** Finer codes that an operation can end with, each answered over the API as one of the contract's codes. */
export const OPERATION_CODES = {
  SOURCE_UNAVAILABLE: 'SERVICE_UNAVAILABLE',
  DATA_CORRUPTED: 'INTERNAL_SERVER_ERROR',
  WRONG_KEY: 'SERVICE_UNAVAILABLE',
  CANCELLED: 'CONFLICT',
  INTERRUPTED: 'SERVICE_UNAVAILABLE',
  HOOK_FAILED: 'SERVICE_UNAVAILABLE',
} as const satisfies Record<string, ContractCode>;

/** Every code of `docs/errors.md`. */
export type ErrorCode = ContractCode | keyof typeof OPERATION_CODES;

/** True for a code of `docs/errors.md`, such as one that a database has kept. */
export function isErrorCode(code: string): code is ErrorCode {
  return code in OPERATION_CODES || CONTRACT_CODES.some((known) => known === code);
}

/** HTTP status of each contract code. */
export const HTTP_STATUS = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  CONFLICT: 409,
  INSUFFICIENT_STORAGE: 507,
  SERVICE_UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
} as const satisfies Record<ContractCode, number>;

/** Plain data that may leave the server: no secrets, no paths outside the till, no stacks. */
export type ErrorDetails = Record<string, string | number | boolean | null | readonly string[]>;

export interface AppErrorOptions {
  cause?: unknown;
  details?: ErrorDetails;
  /** True when the same call may succeed later without anything being changed. */
  retryable?: boolean;
}

/** An error whose message is written for the person who made the request. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details ?? {};
    this.retryable = options.retryable ?? false;
  }
}

/** The request is wrong: change it. */
export class InvalidInputError extends AppError {
  constructor(message: string, options?: AppErrorOptions) {
    super('BAD_USER_INPUT', message, options);
  }
}

/** No such backup, restore or object. */
export class NotFoundError extends AppError {
  constructor(message: string, options?: AppErrorOptions) {
    super('NOT_FOUND', message, options);
  }
}

/** The present state forbids the request: wait, or change the state. */
export class ConflictError extends AppError {
  constructor(message: string, options?: AppErrorOptions) {
    super('CONFLICT', message, options);
  }
}

/** No valid token: sign in. */
export class UnauthenticatedError extends AppError {
  constructor(message: string, options?: AppErrorOptions) {
    super('UNAUTHENTICATED', message, options);
  }
}

/** A valid token without the role. */
export class ForbiddenError extends AppError {
  constructor(message: string, options?: AppErrorOptions) {
    super('FORBIDDEN', message, options);
  }
}

/** The storage refuses or cannot be reached; `INSUFFICIENT_STORAGE` when it is full. */
export class StorageError extends AppError {
  constructor(
    code: 'INSUFFICIENT_STORAGE' | 'SERVICE_UNAVAILABLE',
    message: string,
    options?: AppErrorOptions,
  ) {
    super(code, message, options);
  }
}

/** A part of the till cannot be read or written: repair the till or the configuration. */
export class SourceError extends AppError {
  constructor(message: string, options?: AppErrorOptions) {
    super('SOURCE_UNAVAILABLE', message, options);
  }
}

/** Stored bytes are not what was written: restore from another backup. */
export class IntegrityError extends AppError {
  constructor(message: string, options?: AppErrorOptions) {
    super('DATA_CORRUPTED', message, options);
  }
}

/** The encryption key is missing or is not the one the repository was made with. */
export class KeyError extends AppError {
  constructor(message: string, options?: AppErrorOptions) {
    super('WRONG_KEY', message, options);
  }
}

/** The caller's AbortSignal ended the operation. */
export class CancelledError extends AppError {
  constructor(message = 'The operation was cancelled', options?: AppErrorOptions) {
    super('CANCELLED', message, options);
  }
}

/** The error of a code that crossed a thread or a database: of the same leaf class as the one that was thrown. */
export function errorOf(code: ErrorCode, message: string, options?: AppErrorOptions): AppError {
  switch (code) {
    case 'BAD_USER_INPUT':
      return new InvalidInputError(message, options);
    case 'NOT_FOUND':
      return new NotFoundError(message, options);
    case 'CONFLICT':
      return new ConflictError(message, options);
    case 'INSUFFICIENT_STORAGE':
    case 'SERVICE_UNAVAILABLE':
      return new StorageError(code, message, options);
    case 'SOURCE_UNAVAILABLE':
      return new SourceError(message, options);
    case 'DATA_CORRUPTED':
      return new IntegrityError(message, options);
    case 'WRONG_KEY':
      return new KeyError(message, options);
    case 'CANCELLED':
      return new CancelledError(message, options);
    default:
      return new AppError(code, message, options);
  }
}

/** The contract's code that stands for `code` in an API answer. */
export function toContractCode(code: ErrorCode): ContractCode {
  return code in OPERATION_CODES
    ? OPERATION_CODES[code as keyof typeof OPERATION_CODES]
    : (code as ContractCode);
}

/** Throws a plain Error when a programmer's assumption does not hold. Never caught. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Invariant violated: ${message}`);
}

/** Closes a switch over a union. */
export function assertNever(value: never): never {
  throw new Error(`Unexpected value: ${String(value)}`);
}

/** Throws CancelledError when `signal` is aborted. */
export function throwIfCancelled(signal?: AbortSignal): void {
  if (signal?.aborted) throw new CancelledError();
}
