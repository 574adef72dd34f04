/**
 * Where the parts of a partial restore belong: every wanted file or folder becomes a place of its own, staged and
 * swapped as whole roots are, so that what lies beside it is not touched.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { isPathWithin, printPath } from '../engine/index.js';
import { ConflictError, InvalidInputError } from '../shared/errors.js';
import { type FolderPlace, stagingParentOf } from './folder-staging.js';
import { lookAt } from './live-folders.js';
import { isMountPoint, listMountsBelow } from './mount-points.js';

/**
 * The places of `paths` within those of whole roots. A root that lies within a wanted path is restored whole.
 * @param paths as the manifest names them, none within another
 * @throws ConflictError when a path belongs to no root, or the live till has something else than a folder on the way
 *   to it; InvalidInputError when a name is not UTF-8, which a live place must have
 */
export function choosePlaces(roots: readonly FolderPlace[], paths: readonly Buffer[]): FolderPlace[] {
  return paths.flatMap((path) => {
    const whole = roots.filter(({ label }) => label !== '' && isPathWithin(Buffer.from(label), path));
    if (whole.length > 0) return whole;
    const root = roots.find(({ label }) => label === '' || isPathWithin(path, Buffer.from(label)));
    if (root) return [placeWithin(root, path)];
    throw new ConflictError(
      `The backup holds "${printPath(path)}", which is not among the configured paths: configure it, or restore to a target path`,
    );
  });
}

function placeWithin(root: FolderPlace, path: Buffer): FolderPlace {
  const label = path.toString();
  if (!Buffer.from(label).equals(path)) {
    throw new InvalidInputError(
      `'${printPath(path)}' is not UTF-8 text, as a path in the live place must be: restore the folder that holds it, or restore it to a target path`,
      { details: { field: 'paths' } },
    );
  }
  const parts = (root.label === '' ? label : label.slice(root.label.length + 1)).split('/');
  assertFoldersOnTheWay(root, parts.slice(0, -1));
  const live = join(root.live, ...parts);
  const place = { label, live, isMountPoint: isMountPoint(live) && lookAt(live)?.isDirectory() === true };
  return { ...place, stagedIn: chooseStagingParent(root, place) };
}

/** Beside the root, so that the till sees no staging folder in its own; in the place's own folder across a mount point. */
function chooseStagingParent(root: FolderPlace, place: FolderPlace): string {
  const near = stagingParentOf(place);
  const far = stagingParentOf(root);
  const isMountedBetween = listMountsBelow(root.live).some((mount) => `${near}/`.startsWith(`${mount}/`));
  return isMountedBetween || statSync(near).dev !== statSync(far).dev ? near : far;
}

/** A link on the way would lead the restore out of the root. */
function assertFoldersOnTheWay(root: FolderPlace, parts: readonly string[]): void {
  for (let depth = 0; depth <= parts.length; depth++) {
    const above = parts.slice(0, depth);
    const found = lookAt(join(root.live, ...above));
    if (found === undefined) return;
    if (found.isDirectory()) continue;
    const name = [root.label, ...above].filter((part) => part !== '').join('/');
    throw new ConflictError(
      `"${name}" is ${found.isSymbolicLink() ? 'a link' : 'no folder'} in the live place, and a folder in the backup: restore "${name}" as a whole`,
    );
  }
}
