import { isAbsolute, relative, resolve, sep } from 'node:path';
import { describeProblem, quoteValue } from './config-error.js';
import { isWithin, resolveLinks } from './locations.js';

/** A file or folder of the till that belongs to a component. */
export interface TillRoot {
  /**
   * Its place in a backup: the path below POS_ROOT with `/`, or for a path outside it, its absolute path without the
   * leading slash.
   */
  readonly label: string;
  /** Absolute path. */
  readonly path: string;
}

/** The variables that name the till's files and folders. */
export const ROOT_VARIABLES = ['CONFIG_PATHS', 'CACHE_PATHS', 'FILES_PATHS'] as const;
export type RootVariable = (typeof ROOT_VARIABLES)[number];

/** A file or folder that a root, or Tillvault's own folders, must keep clear of. */
export interface Place {
  /** The variable that names it. */
  readonly variable: string;
  /** Absolute path. */
  readonly path: string;
}

/** The roots that one variable names. `problems` gets one line for each path that cannot be a root. */
export function resolveRoots(
  variable: RootVariable,
  paths: readonly string[],
  { posRoot, problems }: { posRoot: string; problems: string[] },
): readonly TillRoot[] {
  const roots = paths.map((path) => resolveRoot(path, posRoot));
  const usable = roots.filter((root) => root.label !== '');
  if (usable.length < roots.length) {
    problems.push(describeProblem(variable, 'files and folders', 'the root of the file system'));
  }
  return Object.freeze(usable);
}

function resolveRoot(path: string, posRoot: string): TillRoot {
  const absolute = resolve(posRoot, path);
  const below = relative(posRoot, absolute);
  const isBelow = below !== '' && below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below);
  const label = (isBelow ? below : absolute)
    .split(sep)
    .filter((part) => part !== '')
    .join('/');
  return Object.freeze({ label, path: absolute });
}

/**
 * Finds roots that would be captured twice, or that hold or lie inside something that must not be captured as files.
 * @param places the till's database and Tillvault's own files and folders
 * @returns one line for each pair that is in each other's way, saying what to do
 */
export function findRootOverlaps(
  roots: Readonly<Record<RootVariable, readonly TillRoot[]>>,
  places: readonly Place[],
): string[] {
  const all = ROOT_VARIABLES.flatMap((variable) =>
    roots[variable].map((root) => ({ variable, ...root, real: resolveLinks(root.path) })),
  );
  const problems: string[] = [];
  for (const [at, root] of all.entries()) {
    const shown = quoteValue(root.path);
    for (const other of all.slice(at + 1)) {
      const clash = describeClash(root, other);
      if (clash !== null) problems.push(clash);
    }
    for (const place of places) {
      const real = resolveLinks(place.path);
      if (isWithin(real, root.real)) {
        problems.push(
          `${root.variable}: ${shown} holds ${quoteValue(place.path)} of ${place.variable}: move one of them, or name the folders beside it one by one`,
        );
      } else if (isWithin(root.real, real)) {
        problems.push(
          `${root.variable}: ${shown} lies inside ${quoteValue(place.path)} of ${place.variable}: move one of them`,
        );
      }
    }
  }
  return problems;
}

type NamedRoot = TillRoot & { variable: RootVariable; real: string };

function describeClash(root: NamedRoot, other: NamedRoot): string | null {
  const [outer, inner] = isWithin(other.real, root.real) ? [root, other] : [other, root];
  if (isWithin(inner.real, outer.real)) {
    const relation = inner.real === outer.real ? 'is the same as' : 'lies inside';
    return `${inner.variable}: ${quoteValue(inner.path)} ${relation} ${quoteValue(outer.path)} of ${outer.variable}: remove one of them`;
  }
  const sameLabel =
    `${root.label}/`.startsWith(`${other.label}/`) || `${other.label}/`.startsWith(`${root.label}/`);
  if (root.variable !== other.variable || !sameLabel) return null;
  return `${root.variable}: ${quoteValue(root.path)} and ${quoteValue(other.path)} would have the same place in a backup: write one of them as another path`;
}

/**
 * Finds folders of Tillvault that would write into each other. Everything may lie inside DATA_DIR.
 * @returns one line for each pair, saying what to do
 */
export function findFolderOverlaps(folders: readonly Place[]): string[] {
  const all = folders.map((folder) => ({ ...folder, real: resolveLinks(folder.path) }));
  return all.flatMap((inner, at) =>
    all.flatMap((outer, other) => {
      if (at === other || !isWithin(inner.real, outer.real)) return [];
      if (inner.real === outer.real) {
        return at < other
          ? [
              `${inner.variable}: ${quoteValue(inner.path)} is also ${outer.variable}: give each a folder of its own`,
            ]
          : [];
      }
      if (outer.variable === 'DATA_DIR') return [];
      return [
        `${inner.variable}: ${quoteValue(inner.path)} lies inside ${quoteValue(outer.path)} of ${outer.variable}: move it out`,
      ];
    }),
  );
}
