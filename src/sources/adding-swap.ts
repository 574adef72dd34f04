import { chmodSync, fsyncSync, futimesSync, linkSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { applyMetadata, toSeconds } from './entry-metadata.js';
import { FolderHandle } from './folder-handle.js';
import { listMissingFolders, lookAt, makeFolders, removeMadeFolders } from './live-folders.js';
import type { AddingPlan } from './place-plans.js';
import type { PlaceSwap, StagedPlace } from './place-swap.js';
import { STAGED } from './place-swap.js';
import { removeIfEmpty, settleClosedFolders } from './replacing-swap.js';
import { errnoOf, toAppError } from './system-error.js';

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

  constructor(private readonly place: StagedPlace) {
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
    if (this.#isEmpty()) return;
    if (this.plan.missing.length > 0) this.plan.made.push(STAGED);
    else withTops(this.plan, (pair) => planFolder(this.plan, pair));
  }

  swap(): void {
    try {
      if (this.#isEmpty()) return;
      makeFolders(dirname(this.plan.live), { metadataOf: this.place.metadataOf });
      withTops(this.plan, (pair) => this.#add(pair));
      const closed = this.place.tree.closedFolders.filter(({ path }) =>
        this.#made.has(path.toString('latin1')),
      );
      settleClosedFolders(this.plan.live, closed);
    } catch (error) {
      throw toAppError(error, `"${this.plan.shownAs}" cannot be added to`);
    }
  }

  undo(): void {
    undoAdding(this.plan);
  }

  #isEmpty(): boolean {
    return lookAt(join(this.plan.folder, STAGED)) === undefined;
  }

  #add(pair: Pair): boolean {
    const staged = pair.staged.child(pair.name);
    if (lstatSync(staged).isDirectory()) return this.#addFolder(pair);
    return createExclusively(() => linkSync(staged, livePath(pair)));
  }

  #addFolder(pair: Pair): boolean {
    const key = pair.path.toString('latin1');
    const isMade = createExclusively(() => mkdirSync(livePath(pair), { mode: 0o700 }));
    if (isMade) this.#made.add(key);
    else if (!lstatSync(livePath(pair)).isDirectory()) return false;
    inside(pair, livePath(pair), (staged, live) => {
      for (const name of staged.names()) {
        this.#add({ staged, live, name, path: Buffer.concat([pair.path, SLASH, name]), top: null });
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
      fsyncSync(live.descriptor);
    });
    if (pair.path.equals(TOP)) fsyncSync(pair.live.descriptor);
    return isMade;
  }
}

/** Notes the folders below `pair` that will be made or added to. @returns true when `pair` itself will be added */
function planFolder(plan: AddingPlan, pair: Pair): boolean {
  const isFolder = lstatSync(pair.staged.child(pair.name)).isDirectory();
  const live = lstatSync(livePath(pair), { throwIfNoEntry: false });
  const key = pair.path.toString('latin1');
  if (live === undefined) {
    if (isFolder) plan.made.push(key);
    return true;
  }
  if (!isFolder || !live.isDirectory()) return false;
  inside(pair, livePath(pair), (staged, folder) => {
    const { atimeNs, mtimeNs } = folder.stats();
    const isAddedTo = staged
      .names()
      .map((name) => ({
        staged,
        live: folder,
        name,
        path: Buffer.concat([pair.path, SLASH, name]),
        top: null,
      }))
      .map((child) => planFolder(plan, child))
      .includes(true);
    if (isAddedTo) plan.touched.push([key, String(atimeNs), String(mtimeNs)]);
  });
  return false;
}

/**
 * Removes what an adding swap added, however far it had come: what has the inode of its staged twin, and folders that
 * the plan says were to be made, as far as nobody else put something in. Does nothing when nothing is staged any more.
 */
export function undoAdding(plan: AddingPlan): void {
  try {
    if (lookAt(join(plan.folder, STAGED)) === undefined) return;
    const touched = new Map(plan.touched.map(([path, ...times]) => [path, times]));
    const made = new Set(plan.made);
    if (lookAt(dirname(plan.live)) !== undefined) {
      withTops(plan, (pair) => takeAway(pair, { touched, made, isMade: false }));
    }
    removeMadeFolders(plan.missing);
  } catch (error) {
    throw toAppError(error, `What was added to "${plan.shownAs}" cannot be removed again`);
  }
}

interface Added {
  touched: ReadonlyMap<string, readonly [atimeNs: string, mtimeNs: string]>;
  made: ReadonlySet<string>;
  /** True below a folder that was made. */
  isMade: boolean;
}

function takeAway(pair: Pair, added: Added): void {
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
  inside(pair, place, (stagedFolder, liveFolder) => {
    for (const name of stagedFolder.names()) {
      const path = Buffer.concat([pair.path, SLASH, name]);
      takeAway({ staged: stagedFolder, live: liveFolder, name, path, top: null }, { ...added, isMade });
    }
    const times = added.touched.get(key);
    if (times !== undefined) {
      futimesSync(liveFolder.descriptor, toSeconds(BigInt(times[0])), toSeconds(BigInt(times[1])));
    }
    fsyncSync(liveFolder.descriptor);
  });
  if (isMade) removeIfEmpty(place);
}

/** The live root bears its own name, the staged one is `new`: both are reached as if they had one name. */
function withTops(plan: AddingPlan, visit: (pair: Pair) => void): void {
  const staged = FolderHandle.open(Buffer.from(plan.folder));
  try {
    const live = FolderHandle.open(Buffer.from(dirname(plan.live)));
    try {
      visit({ staged, live, name: TOP, path: TOP, top: Buffer.from(basename(plan.live)) });
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
function inside(
  pair: Pair,
  livePath: Buffer,
  visit: (staged: FolderHandle, live: FolderHandle) => void,
): void {
  const staged = pair.staged.openChild(pair.name);
  try {
    const live = FolderHandle.open(livePath);
    try {
      visit(staged, live);
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
