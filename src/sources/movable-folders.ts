import { mkdirSync, readdirSync, renameSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { SourceError } from '../shared/errors.js';
import { FolderHandle } from './folder-handle.js';
import type { FolderPlace } from './folder-staging.js';
import { stagingParentOf } from './folder-staging.js';
import { lookAt } from './live-folders.js';
import { isStagingName, StagingFolder } from './staging-folder.js';
import { errnoOf, toAppError } from './system-error.js';

/** `f_type` of Linux' overlay file system: what a container sees as its root. */
const OVERLAY = 0x794c7630;

/**
 * Refuses a place that holds folders which cannot be moved away, or moved back: those of a lower layer of an overlay
 * file system (the image of a container) unless it is mounted with `redirect_dir=on`. It is tried out, since nothing
 * else tells, by renames onto folders that are not empty, which no system replaces. Other file systems are not asked.
 * @throws SourceError naming the place, and what else can be done
 */
export function assertMovable(
  place: FolderPlace,
  { restoreId, label }: { restoreId: string; label: string },
): void {
  const { live, isMountPoint } = place;
  if (!lookAt(live)?.isDirectory() || statfsSync(live).type !== OVERLAY) return;
  const probe = StagingFolder.create(stagingParentOf(place), { restoreId, name: 'probe' });
  try {
    mkdirSync(join(probe.path, FULL, 'something'), { recursive: true });
    mkdirSync(join(probe.path, EMPTY));
    if (isMountPoint) withFoldersIn(live, (folder) => tryBothWays(folder, probe, label));
    else tryBothWays(Buffer.from(live), probe, label);
  } finally {
    probe.removeFresh();
  }
}

/** Folders of a probe. */
const FULL = 'full';
const EMPTY = 'empty';

/** Everything but folders is copied up by the system when it is renamed. */
function withFoldersIn(live: string, visit: (folder: Buffer) => void): void {
  const handle = FolderHandle.open(Buffer.from(live));
  try {
    for (const name of handle.names()) {
      if (!isStagingName(name) && lookAt(handle.child(name))?.isDirectory()) visit(handle.child(name));
    }
  } finally {
    handle.close();
  }
}

function tryBothWays(folder: Buffer, probe: StagingFolder, label: string): void {
  tryMove(folder, join(probe.path, FULL), label);
  // Putting a folder into one that is partly in the image needs more than taking it out.
  if (readdirSync(folder).length > 0) tryMove(join(probe.path, EMPTY), folder, label);
}

function tryMove(from: string | Buffer, full: string | Buffer, label: string): void {
  try {
    renameSync(from, full);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT') return;
    if (code !== 'EXDEV') throw toAppError(error, `"${label}" cannot be replaced`);
    throw new SourceError(
      `"${label}" is part of a container's image, where folders cannot be renamed, so that it cannot be replaced: ` +
        'mount a volume in its place, or restore with overwrite: false or to a target path',
      { cause: error },
    );
  }
}
