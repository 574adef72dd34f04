import { chmodSync, fsyncSync, futimesSync, linkSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { applyMetadata, toSeconds } from './entry-metadata.js';
import { FolderHandle } from './folder-handle.js';
import { listMissingFolders, lookAt, makeFolders, removeMadeFolders } from './live-folders.js';
import type { AddingPlan } from './place-plans.js';
import type { PlaceSwap, StagedPlace } from './place-swap.js';
import { STAGED } from './place-swap.js';
import { removeIfEmpty, settleClosedFolders } from './replacing-swap.js';
import { SyncQueue } from './sync-queue.js';
import { errnoOf, toAppError } from './system-error.js';
import { Turns } from './turns.js';

const SLASH = Buffer.from('/');

/** The same name in the staged copy and in the live place, seen through their open folders. */
interface Pair {
  staged: FolderHandle;
  live: FolderHandle;
  name: Buffer;
  /** Below the staging folder, `new` and what follows. */
  path: Buffer;
  /** The live name of the root itself. */
  top: Buffer | null;
}

/**
 * Adds the staged entries that the live place lacks, and touches nothing that is there: folders are made exclusively
 * and files get their live name by a hard link, which never replaces. What appeared since it was staged stays.
 * The staged copy remains whole, so that `undo` can tell what was added from what the till wrote meanwhile.
 * Remembers the folders that it will make or add to, nothing else.
 */
export class AddingSwap implements PlaceSwap {
  readonly plan: AddingPlan;
  readonly #made = new Set<string>();

  /** @throws CancelledError, the system's error when the live place cannot be looked at */
  static async prepare(place: StagedPlace, signal?: AbortSignal): Promise<AddingSwap> {
    const swap = new AddingSwap(place);
    const { plan } = swap;
    if (swap.#isEmpty()) return swap;
    if (plan.missing.length > 0) plan.made.push(STAGED);
    else await withTops(plan, (pair) => planFolder(plan, pair, new Turns(signal)));
    return swap;
  }

  private constructor(private readonly place: StagedPlace) {
    const { live, folder, shownAs } = place;
    this.plan = {
      kind: 'add',
      shownAs,
      live,
      folder: folder.path,
      missing: listMissingFolders(dirname(live)),
      made: [],
      touched: [],
    };
  }

  async swap({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const durably = new SyncQueue(this.plan.folder);
    try {
      if (this.#isEmpty()) return;
      makeFolders(dirname(this.plan.live), { metadataOf: this.place.metadataOf });
      await withTops(this.plan, (pair) => this.#add(pair, { turns: new Turns(signal), durably }));
      const closed = this.place.tree.closedFolders.filter(({ path }) =>
        this.#made.has(path.toString('latin1')),
      );
      await settleClosedFolders(this.plan.live, closed, signal);
      await durably.drain();
    } catch (error) {
      throw toAppError(error, `"${this.plan.shownAs}" cannot be added to`);
    } finally {
      await durably.abandon();
    }
  }

  async undo(): Promise<void> {
    await undoAdding(this.plan);
  }

  #isEmpty(): boolean {
    return lookAt(join(this.plan.folder, STAGED)) === undefined;
  }

  async #add(pair: Pair, walk: Walk): Promise<void> {
    await walk.turns.step();
    const staged = pair.staged.child(pair.name);
    if (lstatSync(staged).isDirectory()) await this.#addFolder(pair, walk);
    else createExclusively(() => linkSync(staged, livePath(pair)));
  }

  async #addFolder(pair: Pair, walk: Walk): Promise<void> {
    const key = pair.path.toString('latin1');
    const isMade = createExclusively(() => mkdirSync(livePath(pair), { mode: 0o700 }));
    if (isMade) this.#made.add(key);
    else if (!lstatSync(livePath(pair)).isDirectory()) return;
    await inside(pair, livePath(pair), async (staged, live) => {
      for (const name of staged.names()) {
        const path = Buffer.concat([pair.path, SLASH, name]);
        await this.#add({ staged, live, name, path, top: null }, walk);
      }
      if (isMade) {
        const { mode, uid, gid, mtimeNs } = staged.stats();
        applyMetadata(live.descriptor, {
          mode: Number(mode & 0o7777n),
          uid: Number(uid),
          gid: Number(gid),
          mtimeNs,
        });
      }
      await walk.durably.add(live.release());
    });
    if (pair.path.equals(TOP)) fsyncSync(pair.live.descriptor);
  }
}

/** Notes the folders below `pair` that will be made or added to. @returns true when `pair` itself will be added */
async function planFolder(plan: AddingPlan, pair: Pair, turns: Turns): Promise<boolean> {
  await turns.step();
  const isFolder = lstatSync(pair.staged.child(pair.name)).isDirectory();
  const live = lstatSync(livePath(pair), { throwIfNoEntry: false });
  const key = pair.path.toString('latin1');
  if (live === undefined) {
    if (isFolder) plan.made.push(key);
    return true;
  }
  if (!isFolder || !live.isDirectory()) return false;
  await inside(pair, livePath(pair), async (staged, folder) => {
    const { atimeNs, mtimeNs } = folder.stats();
    let isAddedTo = false;
    for (const name of staged.names()) {
      const path = Buffer.concat([pair.path, SLASH, name]);
      if (await planFolder(plan, { staged, live: folder, name, path, top: null }, turns)) isAddedTo = true;
    }
    if (isAddedTo) plan.touched.push([key, String(atimeNs), String(mtimeNs)]);
  });
  return false;
}

/**
 * Removes what an adding swap added, however far it had come: what has the inode of its staged twin, and folders that
 * the plan says were to be made, as far as nobody else put something in. Does nothing when nothing is staged any more.
 */
export async function undoAdding(plan: AddingPlan): Promise<void> {
  const durably = new SyncQueue(plan.folder);
  try {
    if (lookAt(join(plan.folder, STAGED)) === undefined) return;
    const touched = new Map(plan.touched.map(([path, ...times]) => [path, times]));
    const made = new Set(plan.made);
    if (lookAt(dirname(plan.live)) !== undefined) {
      const added = { touched, made, isMade: false, turns: new Turns(), durably };
      await withTops(plan, (pair) => takeAway(pair, added));
    }
    removeMadeFolders(plan.missing);
    await durably.drain();
  } catch (error) {
    throw toAppError(error, `What was added to "${plan.shownAs}" cannot be removed again`);
  } finally {
    await durably.abandon();
  }
}

/** What goes along through both trees. */
interface Walk {
  turns: Turns;
  /** Takes every folder that was written to over. */
  durably: SyncQueue;
}

interface Added extends Walk {
  touched: ReadonlyMap<string, readonly [atimeNs: string, mtimeNs: string]>;
  made: ReadonlySet<string>;
  /** True below a folder that was made. */
  isMade: boolean;
}

async function takeAway(pair: Pair, added: Added): Promise<void> {
  await added.turns.step();
  const staged = lstatSync(pair.staged.child(pair.name), { bigint: true });
  const place = livePath(pair);
  const live = lstatSync(place, { bigint: true, throwIfNoEntry: false });
  if (live === undefined) return;
  if (!staged.isDirectory()) {
    if (live.ino === staged.ino && live.dev === staged.dev) unlinkSync(place);
    return;
  }
  if (!live.isDirectory()) return;
  const key = pair.path.toString('latin1');
  const isMade = added.isMade || added.made.has(key);
  if (isMade) chmodSync(place, 0o700);
  await inside(pair, place, async (stagedFolder, liveFolder) => {
    for (const name of stagedFolder.names()) {
      const path = Buffer.concat([pair.path, SLASH, name]);
      const child = { staged: stagedFolder, live: liveFolder, name, path, top: null };
      await takeAway(child, { ...added, isMade });
    }
    const times = added.touched.get(key);
    if (times !== undefined) bringTimesBack(liveFolder, times);
    await added.durably.add(liveFolder.release());
  });
  if (isMade) removeIfEmpty(place);
  if (pair.path.equals(TOP)) fsyncSync(pair.live.descriptor);
}

/** A folder of somebody else, who lets us write in it, keeps the times that it has: only its owner may set them. */
function bringTimesBack(folder: FolderHandle, [atimeNs, mtimeNs]: readonly [string, string]): void {
  try {
    futimesSync(folder.descriptor, toSeconds(BigInt(atimeNs)), toSeconds(BigInt(mtimeNs)));
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
  }
}

/** The live root bears its own name, the staged one is `new`: both are reached as if they had one name. */
async function withTops(plan: AddingPlan, visit: (pair: Pair) => Promise<unknown>): Promise<void> {
  const staged = FolderHandle.open(Buffer.from(plan.folder));
  try {
    const live = FolderHandle.open(Buffer.from(dirname(plan.live)));
    try {
      await visit({ staged, live, name: TOP, path: TOP, top: Buffer.from(basename(plan.live)) });
    } finally {
      live.close();
    }
  } finally {
    staged.close();
  }
}

function livePath({ live, name, top }: Pair): Buffer {
  return live.child(top ?? name);
}

const TOP = Buffer.from(STAGED);

/** Opens both sides of a folder for the time of `visit`. */
async function inside(
  pair: Pair,
  livePath: Buffer,
  visit: (staged: FolderHandle, live: FolderHandle) => Promise<void>,
): Promise<void> {
  const staged = pair.staged.openChild(pair.name);
  try {
    const live = FolderHandle.open(livePath);
    try {
      await visit(staged, live);
    } finally {
      live.close();
    }
  } finally {
    staged.close();
  }
}

/** @returns false when the name is taken */
function createExclusively(create: () => void): boolean {
  try {
    create();
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}
