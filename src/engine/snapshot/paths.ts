/**
 * Paths of manifest entries: bytes, `/`-separated, relative to their component.
 * Manifest order is depth first, parts compared byte by byte: a folder comes right before its content.
 */
import { IntegrityError, InvalidInputError } from '../../shared/errors.js';

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

/**
 * `path` as text, for messages, listings and requests: UTF-8 as it is; `"`, `\`, control characters and bytes that are
 * not UTF-8 as `\xHH`, one for each byte. `parsePath` takes it back.
 */
export function printPath(path: Uint8Array): string {
  const text = Buffer.from(path).toString('utf8');
  if (!/[\p{Cc}\uFFFD"\\]/u.test(text)) return text;
  const bytes = Buffer.from(path);
  let printed = '';
  for (let at = 0; at < bytes.length; ) {
    const character = characterAt(bytes, at);
    printed += character.isPlain ? character.text : escapeBytes(character.bytes);
    at += character.bytes.length;
  }
  return printed;
}

/**
 * The bytes that a path in the form of `printPath` stands for. Does not say whether the path is a safe one.
 * @throws InvalidInputError for a backslash that does not begin `\xHH`
 */
export function parsePath(text: string): Buffer {
  const pieces = text.split(/(\\(?:x[0-9a-fA-F]{2})?)/).map((piece) => {
    if (!piece.startsWith('\\')) return Buffer.from(piece);
    if (piece.length === 4) return Buffer.from(piece.slice(2), 'hex');
    throw new InvalidInputError(
      `Path '${text}' holds a backslash that begins no byte: expected \\xHH, and \\x5c for a backslash itself`,
      { details: { field: 'paths' } },
    );
  });
  return Buffer.concat(pieces);
}

/** True when `path` is `folder` or lies below it. */
export function isPathWithin(path: Buffer, folder: Buffer): boolean {
  if (path.length < folder.length || path.compare(folder, 0, folder.length, 0, folder.length) !== 0)
    return false;
  return path.length === folder.length || path[folder.length] === SLASH;
}

/** The character that begins at `at`, or the byte there when it is none. */
function characterAt(bytes: Buffer, at: number): { bytes: Buffer; text: string; isPlain: boolean } {
  for (let length = 4; length >= 1; length--) {
    const candidate = bytes.subarray(at, at + length);
    const text = candidate.toString('utf8');
    if ([...text].length !== 1 || !Buffer.from(text).equals(candidate)) continue;
    return { bytes: candidate, text, isPlain: !/[\p{Cc}"\\]/u.test(text) };
  }
  return { bytes: bytes.subarray(at, at + 1), text: '', isPlain: false };
}

function escapeBytes(bytes: Buffer): string {
  return [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
