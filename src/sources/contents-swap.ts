import { fsyncSync, lstatSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { applyMetadata } from './entry-metadata.js';
import { FolderHandle } from './folder-handle.js';
import { applyTo, lookAt } from './live-folders.js';
import type { ContentsPlan } from './place-plans.js';
import type { PlaceSwap, StagedPlace } from './place-swap.js';
import { KEPT, STAGED } from './place-swap.js';
import { settleClosedFolders } from './replacing-swap.js';
import { isStagingName } from './staging-folder.js';
import { errnoOf, toAppError } from './system-error.js';
import { Turns } from './turns.js';

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

  async swap({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    try {
      const turns = new Turns(signal);
      await withFolders(this.plan, async ({ live, staged, kept }) => {
        for (const name of live.names()) {
          if (!isStagingFolder(live, name)) renameSync(live.child(name), kept.child(name));
          await turns.step();
        }
        fsyncSync(kept.descriptor);
        for (const name of staged.names()) {
          renameSync(staged.child(name), live.child(name));
          await turns.step();
        }
        fsyncSync(live.descriptor);
      });
      await settleClosedFolders(this.plan.live, this.place.tree.closedFolders, signal);
      const { top } = this.place;
      if (top !== null) applyIfPermitted(() => applyTo(this.plan.live, top));
    } catch (error) {
      throw toAppError(error, `What is in "${this.plan.shownAs}" cannot be replaced`);
    }
  }

  async undo(): Promise<void> {
    await undoContents(this.plan);
  }
}

/**
 * Brings back what was in the folder before a contents swap, however far it had come. An entry of the backup is in the
 * live folder exactly when it is not staged any more. Does nothing when the staging folder is gone.
 */
export async function undoContents(plan: ContentsPlan): Promise<void> {
  if (lookAt(join(plan.folder, KEPT)) === undefined) return;
  try {
    const turns = new Turns();
    await withFolders(plan, async ({ live, staged, kept }) => {
      for (const text of plan.names) {
        const name = Buffer.from(text, 'latin1');
        if (lookAt(staged.child(name)) === undefined && lookAt(live.child(name)) !== undefined) {
          renameSync(live.child(name), staged.child(name));
        }
        await turns.step();
      }
      for (const name of kept.names()) {
        // What somebody made under the name meanwhile makes way.
        if (lookAt(live.child(name)) !== undefined) moveAway(live.child(name), plan.folder);
        renameSync(kept.child(name), live.child(name));
        await turns.step();
      }
      const { mtimeNs, ...owner } = plan.before;
      applyIfPermitted(() => applyMetadata(live.descriptor, { ...owner, mtimeNs: BigInt(mtimeNs) }));
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

async function withFolders(
  { live, folder }: ContentsPlan,
  use: (folders: Folders) => Promise<void>,
): Promise<void> {
  const handles: FolderHandle[] = [];
  const open = (path: string) => {
    const handle = FolderHandle.open(Buffer.from(path));
    handles.push(handle);
    return handle;
  };
  try {
    await use({ live: open(live), staged: open(join(folder, STAGED)), kept: open(join(folder, KEPT)) });
  } finally {
    for (const handle of handles) handle.close();
  }
}

function isStagingFolder(live: FolderHandle, name: Buffer): boolean {
  return isStagingName(name) && lookAt(live.child(name))?.isDirectory() === true;
}

/** A mount point may belong to somebody else, who lets us write in it: it keeps its mode and times then. */
function applyIfPermitted(apply: () => void): void {
  try {
    apply();
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
  }
}
