/**
 * Paths of manifest entries: bytes, `/`-separated, relative to their component.
 * Manifest order is depth first, parts compared byte by byte: a folder comes right before its content.
 */
import { IntegrityError } from '../../shared/errors.js';

const SLASH = 0x2f;

/** Longest path that a manifest holds, in bytes. */
export const MAX_PATH_BYTES = 16 * 1024;

/**
 * Compares two paths in manifest order: like bytes, but with `/` before every other byte, so that `a/b` comes
 * before `a.txt` and a folder's content follows the folder at once.
 */
export function comparePaths(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const left = a[at]!;
    const right = b[at]!;
    if (left !== right) return (left === SLASH ? -1 : left) - (right === SLASH ? -1 : right);
  }
  return a.length - b.length;
}

/** The path of the folder that holds `path`, or null at the component's top. */
export function parentPath(path: Buffer): Buffer | null {
  const slash = path.lastIndexOf(SLASH);
  return slash < 0 ? null : path.subarray(0, slash);
}

/**
 * Refuses a path that could leave its component.
 * @throws IntegrityError when `path` is empty, absolute, too long, or has an empty part, `.`, `..` or a NUL
 */
export function assertSafePath(path: Buffer): void {
  if (path.length === 0 || path.length > MAX_PATH_BYTES) {
    throw new IntegrityError(`Path of ${path.length} bytes, expected 1 to ${MAX_PATH_BYTES}`);
  }
  if (path.includes(0)) throw new IntegrityError('Path holds a NUL byte');
  let start = 0;
  while (start <= path.length) {
    const slash = path.indexOf(SLASH, start);
    const end = slash < 0 ? path.length : slash;
    const part = path.subarray(start, end);
    if (part.length === 0 || part.equals(DOT) || part.equals(DOT_DOT)) {
      throw new IntegrityError(`Path "${printPath(path)}" leaves its component`);
    }
    start = end + 1;
  }
}

const DOT = Buffer.from('.');
const DOT_DOT = Buffer.from('..');

/** `path` as text for messages: bytes that are not UTF-8, and control characters, are escaped. */
export function printPath(path: Uint8Array): string {
  return Buffer.from(path)
    .toString('utf8')
    .replace(
      /[\p{Cc}\uFFFD"\\]/gu,
      (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`,
    );
}
