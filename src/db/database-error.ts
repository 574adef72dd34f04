import { AppError, StorageError } from '../shared/errors.js';

/** SQLite's and PostgreSQL's words for a disk without room (SQLITE_FULL; class 53, disk_full). */
const FULL_CODES = new Set(['13', '53100']);

/** What Prisma's client puts into an error that came from the database. */
interface KnownRequestError {
  code: string;
  meta?: { driverAdapterError?: { cause?: { originalCode?: string; kind?: string } } };
}

function isKnownRequestError(error: unknown): error is Error & KnownRequestError {
  return error instanceof Error && error.name === 'PrismaClientKnownRequestError';
}

/** True when a row was refused because a unique column already holds its value. */
export function isUniqueViolation(error: unknown): boolean {
  return isKnownRequestError(error) && error.code === 'P2002';
}

function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = isKnownRequestError(error) ? error.meta?.driverAdapterError?.cause?.originalCode : undefined;
  return (code !== undefined && FULL_CODES.has(code)) || /database or disk is full/.test(error.message);
}

/** The AppError that stands for an error of Prisma or of the database below it. Bugs stay what they are. */
export function convertDatabaseError(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  if (isFull(error)) {
    return new StorageError(
      'INSUFFICIENT_STORAGE',
      'The metadata database has no room left: free space where it is kept and try again',
      { cause: error },
    );
  }
  if (error.name === 'PrismaClientValidationError' || !error.name.startsWith('PrismaClient')) return error;
  return new StorageError(
    'SERVICE_UNAVAILABLE',
    'The metadata database could not answer: check that it can be reached and written, and try again',
    { cause: error, retryable: true },
  );
}

/** Runs `work`, whose database errors leave as AppErrors. */
export async function withDatabaseErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw convertDatabaseError(error);
  }
}
