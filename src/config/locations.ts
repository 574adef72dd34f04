import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder or file that a `file:` URL names: `file:./relative`, `file:/absolute` or `file:///absolute`, a query is
 * ignored. Relative ones are relative to `base`.
 * @returns null when it is not a `file:` URL or names nothing
 */
export function resolveFileUrl(url: string, base: string): string | null {
  if (!url.startsWith('file:')) return null;
  const place = url.slice('file:'.length).replace(/[?#].*$/, '');
  if (place === '' || place.includes('\0')) return null;
  if (!place.startsWith('//')) return resolve(base, place);
  return /^\/\/(localhost)?\/./.test(place) && URL.canParse(url) ? fileURLToPath(`file:${place}`) : null;
}

/** `path` with the symbolic links of the part that exists resolved, so that one place has one name. */
export function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Not there yet: its parent may be.
    const parent = dirname(path);
    return parent === path ? path : join(resolveLinks(parent), basename(path));
  }
}

/** True when `path` is `folder` or lies below it. Both absolute, links resolved. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
