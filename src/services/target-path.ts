import { lstat, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { ConflictError, InvalidInputError } from '../shared/errors.js';

const MAX_PATH_LENGTH = 1_024;
const MAX_PART_BYTES = 255;

/**
 * Checks the words of a path below the restore folder, without looking at the disk.
 * @returns the path with `/` between its parts, without empty parts and `.`
 * @throws InvalidInputError when it is empty, absolute, too long, or could leave the restore folder
 */
export function checkTargetPath(targetPath: string): string {
  const refuse = (problem: string): never => {
    throw new InvalidInputError(
      `targetPath must be a relative path that stays below the restore folder, found ${problem}`,
      { details: { field: 'targetPath' } },
    );
  };
  if (targetPath.length > MAX_PATH_LENGTH)
    return refuse(`${targetPath.length} characters, more than ${MAX_PATH_LENGTH}`);
  if (/[\p{Cc}\p{Cs}]/u.test(targetPath)) return refuse('a control character');
  if (/^[/\\]|^[A-Za-z]:/.test(targetPath)) return refuse(`the absolute path '${targetPath}'`);
  if (targetPath.includes('\\')) return refuse(`a backslash in '${targetPath}'`);
  const parts = targetPath.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0) return refuse(`'${targetPath}', which names the restore folder itself`);
  if (parts.includes('..')) return refuse(`'..' in '${targetPath}'`);
  if (parts.some((part) => Buffer.byteLength(part) > MAX_PART_BYTES)) {
    return refuse(`a name of more than ${MAX_PART_BYTES} bytes`);
  }
  return parts.join('/');
}

/**
 * The absolute folder that a checked target path stands for, after following every link on the way.
 * @throws InvalidInputError when a link leads out of the restore folder; ConflictError when the folder holds
 *   something or is not a folder
 */
export async function resolveTargetFolder(restoreDir: string, targetPath: string): Promise<string> {
  const folder = join(restoreDir, checkTargetPath(targetPath));
  const root = await resolveLinks(restoreDir, targetPath);
  const resolved = await resolveLinks(folder, targetPath);
  const place = relative(root, resolved);
  if (place === '' || place === '..' || place.startsWith(`..${sep}`)) {
    throw new InvalidInputError(
      `targetPath must stay below the restore folder, found a link in '${targetPath}' that leads out of it`,
      { details: { field: 'targetPath' } },
    );
  }
  if (!(await isEmptyOrAbsent(folder, targetPath))) {
    throw new ConflictError(`targetPath must name an empty or absent folder, found '${targetPath}' in use`, {
      details: { field: 'targetPath' },
    });
  }
  return resolved;
}

/** The real path of `path`, whose last parts need not exist. */
async function resolveLinks(path: string, targetPath: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT') && path !== dirname(path) && !(await isLink(path))) {
      return join(await resolveLinks(dirname(path), targetPath), basename(path));
    }
    throw refuseBlocked(targetPath, error);
  }
}

/** True for a link that leads nowhere, when `realpath` has found nothing at `path`. */
async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

async function isEmptyOrAbsent(folder: string, targetPath: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) return false;
    if (hasCode(error, 'ENOENT')) return true;
    throw refuseBlocked(targetPath, error);
  }
}

function refuseBlocked(targetPath: string, cause: unknown): ConflictError {
  return new ConflictError(`targetPath must be a folder that can be made, found '${targetPath}' blocked`, {
    cause,
    details: { field: 'targetPath' },
  });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
