import { fsyncSync, lstatSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { applyMetadata } from './entry-metadata.js';
import { FolderHandle } from './folder-handle.js';
import { applyTo, lookAt } from './live-folders.js';
import type { ContentsPlan } from './place-plans.js';
import type { PlaceSwap, StagedPlace } from './place-swap.js';
import { KEPT, STAGED } from './place-swap.js';
import { settleClosedFolders } from './replacing-swap.js';
import { STAGING_PREFIX } from './staging-folder.js';
import { toAppError } from './system-error.js';

/**
 * Replaces what is in a folder that is a mount point and cannot be renamed itself: first every entry goes into the
 * staging folder, which lies in the mount point too, then the staged ones come out. Folders of restores stay where
 * they are. While it lasts, which is some microseconds an entry, the folder holds less than it should.
 */
export class ContentsSwap implements PlaceSwap {
  readonly plan: ContentsPlan;

  /** The live folder exists, and so does `old` in the staging folder. */
  constructor(private readonly place: StagedPlace) {
    const { live, folder, shownAs } = place;
    const staged = folder.handle.openChild(Buffer.from(STAGED));
    try {
      const { mode, uid, gid, mtimeNs } = lstatSync(live, { bigint: true });
      this.plan = {
        kind: 'contents',
        shownAs,
        live,
        folder: folder.path,
        missing: [],
        names: staged.names().map((name) => name.toString('latin1')),
        before: {
          mode: Number(mode & 0o7777n),
          uid: Number(uid),
          gid: Number(gid),
          mtimeNs: String(mtimeNs),
        },
      };
    } finally {
      staged.close();
    }
  }

  swap(): void {
    try {
      withFolders(this.plan, ({ live, staged, kept }) => {
        for (const name of live.names()) {
          if (!isStaging(name)) renameSync(live.child(name), kept.child(name));
        }
        fsyncSync(kept.descriptor);
        for (const name of staged.names()) renameSync(staged.child(name), live.child(name));
        fsyncSync(live.descriptor);
      });
      settleClosedFolders(this.plan.live, this.place.tree.closedFolders);
      if (this.place.top !== null) applyTo(this.plan.live, this.place.top);
    } catch (error) {
      throw toAppError(error, `What is in "${this.plan.shownAs}" cannot be replaced`);
    }
  }

  undo(): void {
    undoContents(this.plan);
  }
}

/**
 * Brings back what was in the folder before a contents swap, however far it had come. An entry of the backup is in the
 * live folder exactly when it is not staged any more. Does nothing when the staging folder is gone.
 */
export function undoContents(plan: ContentsPlan): void {
  if (lookAt(join(plan.folder, KEPT)) === undefined) return;
  try {
    withFolders(plan, ({ live, staged, kept }) => {
      for (const text of plan.names) {
        const name = Buffer.from(text, 'latin1');
        if (lookAt(staged.child(name)) === undefined && lookAt(live.child(name)) !== undefined) {
          renameSync(live.child(name), staged.child(name));
        }
      }
      for (const name of kept.names()) {
        // What somebody made under the name meanwhile makes way.
        if (lookAt(live.child(name)) !== undefined) moveAway(live.child(name), plan.folder);
        renameSync(kept.child(name), live.child(name));
      }
      const { mtimeNs, ...owner } = plan.before;
      applyMetadata(live.descriptor, { ...owner, mtimeNs: BigInt(mtimeNs) });
      fsyncSync(live.descriptor);
    });
  } catch (error) {
    throw toAppError(
      error,
      `What was in "${plan.shownAs}" cannot be brought back, it is kept as "${KEPT}" in its staging folder`,
    );
  }
}

function moveAway(path: Buffer, folder: string): void {
  let count = 1;
  while (lookAt(join(folder, `appeared-${count}`)) !== undefined) count += 1;
  renameSync(path, join(folder, `appeared-${count}`));
}

interface Folders {
  live: FolderHandle;
  staged: FolderHandle;
  kept: FolderHandle;
}

function withFolders({ live, folder }: ContentsPlan, use: (folders: Folders) => void): void {
  const handles: FolderHandle[] = [];
  const open = (path: string) => {
    const handle = FolderHandle.open(Buffer.from(path));
    handles.push(handle);
    return handle;
  };
  try {
    use({ live: open(live), staged: open(join(folder, STAGED)), kept: open(join(folder, KEPT)) });
  } finally {
    for (const handle of handles) handle.close();
  }
}

function isStaging(name: Buffer): boolean {
  return name.toString('latin1').startsWith(STAGING_PREFIX);
}
