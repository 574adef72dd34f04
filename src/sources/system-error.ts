import { AppError, SourceError, StorageError } from '../shared/errors.js';

/** The errno name of a file system error (`ENOENT`), or an empty string for any other error. */
export function errnoOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return '';
  return error.code;
}

const REASONS: Record<string, string> = {
  EACCES: 'permission denied, let the account that Tillvault runs as read and write it',
  EPERM: 'the operating system does not permit it to the account that Tillvault runs as',
  EIO: 'the disk reported an error, check the disk',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many files are open, raise the limit of open files',
  ENOENT: 'it is not there',
  ENOTDIR: 'a part of its path is not a folder',
  EISDIR: 'it is a folder, expected a file',
  ELOOP: 'a part of its path is a symbolic link, expected a folder',
  EBUSY: 'it is in use, or is a mount point',
  EXDEV: 'it lies on another file system',
  ENAMETOOLONG: 'its path is too long for this system',
};

/**
 * What a failed system call means to the person who asked: `INSUFFICIENT_STORAGE` for a full disk, `SOURCE_UNAVAILABLE`
 * for everything else. The message holds `what` and a reason, never the path that the call was made with.
 * An AppError comes back as it is.
 * @param what sentence start without a full stop, such as `File "config/till.json" cannot be read`
 */
export function toAppError(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const code = errnoOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StorageError('INSUFFICIENT_STORAGE', `${what}: the disk is full, free some space`, {
      cause: error,
    });
  }
  const reason = REASONS[code] ?? (code === '' ? 'an unexpected error occurred' : `the system says ${code}`);
  return new SourceError(`${what}: ${reason}`, { cause: error });
}
