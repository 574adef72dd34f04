import { dirname } from 'node:path';
import { assertSafePath, comparePaths } from '../engine/index.js';
import { InvalidInputError } from '../shared/errors.js';

/** A configured file or folder of the till. */
export interface Root {
  /** POSIX path below POS_ROOT, without `.` or `..`: the prefix of its entries in the manifest. */
  label: string;
  /** Where it is on this machine, absolute. */
  path: string;
}

/**
 * `roots` in manifest order, each once, without those that lie inside another one (they are captured with it).
 * @throws InvalidInputError when a label is empty, absolute or leaves POS_ROOT
 */
export function arrangeRoots(roots: readonly Root[]): Root[] {
  for (const { label } of roots) assertLabel(label);
  const sorted = [...roots].sort((a, b) => comparePaths(Buffer.from(a.label), Buffer.from(b.label)));
  const kept: Root[] = [];
  for (const root of sorted) {
    const previous = kept.at(-1);
    if (previous === undefined || !isWithin(root.label, previous.label)) kept.push(root);
  }
  return kept;
}

function assertLabel(label: string): void {
  try {
    assertSafePath(Buffer.from(label));
  } catch (error) {
    throw new InvalidInputError(`Path "${label}" is expected to name a file or folder below POS_ROOT`, {
      cause: error,
    });
  }
}

/** True when `path` is `folder` or lies below it; both `/`-separated. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** The folders above a root that its label names, outermost first: for `etc/pos/a` these are `etc` and `etc/pos`. */
export function parentsOf(root: Root): Root[] {
  const parents: Root[] = [];
  let { label, path } = root;
  for (let slash = label.lastIndexOf('/'); slash >= 0; slash = label.lastIndexOf('/')) {
    label = label.slice(0, slash);
    path = dirname(path);
    parents.unshift({ label, path });
  }
  return parents;
}
