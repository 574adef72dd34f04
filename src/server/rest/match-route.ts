import type { RestRoute } from '../../rest/route.js';

/** What a path leads to. */
export interface RouteMatch {
  /** Every route of the path, one for each method. */
  routes: readonly RestRoute[];
  /** What stands at `{id}`; empty when nothing does. */
  id: string;
}

/** The routes of `path`; one that names it exactly comes before one with `{id}`. Null when there is none. */
export function matchRoute(routes: readonly RestRoute[], path: string): RouteMatch | null {
  const exact = routes.filter((route) => route.path === path && !path.includes('{'));
  if (exact.length > 0) return { routes: exact, id: '' };
  for (const pattern of new Set(routes.map((route) => route.path))) {
    const [before, after] = pattern.split('{id}');
    if (after === undefined || !path.startsWith(before!) || !path.endsWith(after)) continue;
    const id = decode(path.slice(before!.length, path.length - after.length));
    if (id !== null) return { routes: routes.filter((route) => route.path === pattern), id };
  }
  return null;
}

function decode(part: string): string | null {
  if (part === '' || part.includes('/')) return null;
  try {
    return decodeURIComponent(part);
  } catch {
    return null; // malformed: names nothing
  }
}
