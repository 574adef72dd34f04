import {
  chmodSync,
  fsyncSync,
  futimesSync,
  linkSync,
  lstatSync,
  mkdirSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { applyMetadata, toSeconds } from './entry-metadata.js';
import { FolderHandle } from './folder-handle.js';
import { lookAt, makeFolders, removeMadeFolders } from './live-folders.js';
import type { PlaceSwap, StagedPlace } from './place-swap.js';
import { STAGED } from './place-swap.js';
import { settleClosedFolders } from './replacing-swap.js';
import { errnoOf, toAppError } from './system-error.js';

const SLASH = Buffer.from('/');

/** The same name in the staged copy and in the live place, seen through their open folders. */
interface Pair {
  staged: FolderHandle;
  live: FolderHandle;
  name: Buffer;
  /** Below the staging folder, `new` and what follows. */
  path: Buffer;
}

interface Times {
  atimeNs: bigint;
  mtimeNs: bigint;
}

/**
 * Adds the staged entries that the live place lacks, and touches nothing that is there: folders are made exclusively
 * and files get their live name by a hard link, which never replaces. What appeared since it was staged stays.
 * The staged copy remains whole, so that `undo` can tell what was added from what the till wrote meanwhile.
 * Remembers the folders that it made or added to, nothing else.
 */
export class AddingSwap implements PlaceSwap {
  readonly #made = new Set<string>();
  readonly #touched = new Map<string, Times>();
  #madeParents: string[] = [];

  constructor(private readonly place: StagedPlace) {}

  swap(): void {
    try {
      if (lookAt(`${this.place.folder.path}/${STAGED}`) === undefined) return;
      this.#madeParents = makeFolders(dirname(this.place.live), { metadataOf: this.place.metadataOf });
      this.#atTop((pair) => this.#add(pair));
      const closed = this.place.tree.closedFolders.filter(({ path }) =>
        this.#made.has(path.toString('latin1')),
      );
      settleClosedFolders(this.place.live, closed);
    } catch (error) {
      throw toAppError(error, `"${this.place.shownAs}" cannot be added to`);
    }
  }

  undo(): void {
    try {
      if (lookAt(`${this.place.folder.path}/${STAGED}`) === undefined) return;
      if (lookAt(dirname(this.place.live)) !== undefined) this.#atTop((pair) => this.#takeAway(pair));
      removeMadeFolders(this.#madeParents);
    } catch (error) {
      throw toAppError(error, `What was added to "${this.place.shownAs}" cannot be removed again`);
    }
  }

  #atTop(visit: (pair: Pair) => void): void {
    // The live root bears its own name, the staged one is `new`: both are reached as if they had one name.
    const live = FolderHandle.open(Buffer.from(dirname(this.place.live)));
    try {
      visit({ staged: this.place.folder.handle, live, name: Buffer.from(STAGED), path: Buffer.from(STAGED) });
    } finally {
      live.close();
    }
  }

  #livePath({ live, name, path }: Pair): Buffer {
    return live.child(path.equals(TOP) ? Buffer.from(basename(this.place.live)) : name);
  }

  #add(pair: Pair): boolean {
    const staged = pair.staged.child(pair.name);
    if (lstatSync(staged).isDirectory()) return this.#addFolder(pair);
    return createExclusively(() => linkSync(staged, this.#livePath(pair)));
  }

  #addFolder(pair: Pair): boolean {
    const key = pair.path.toString('latin1');
    const isMade = createExclusively(() => mkdirSync(this.#livePath(pair), { mode: 0o700 }));
    if (isMade) this.#made.add(key);
    else if (!lstatSync(this.#livePath(pair)).isDirectory()) return false;
    inside(pair, this.#livePath(pair), (staged, live) => {
      const before = live.stats();
      for (const name of staged.names()) {
        const isAdded = this.#add({ staged, live, name, path: Buffer.concat([pair.path, SLASH, name]) });
        if (isAdded && !isMade) this.#touched.set(key, before);
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

  #takeAway(pair: Pair): void {
    const staged = lstatSync(pair.staged.child(pair.name), { bigint: true });
    const place = this.#livePath(pair);
    const live = lstatSync(place, { bigint: true, throwIfNoEntry: false });
    if (live === undefined) return;
    if (!staged.isDirectory()) {
      if (live.ino === staged.ino && live.dev === staged.dev) unlinkSync(place);
      return;
    }
    if (!live.isDirectory()) return;
    const key = pair.path.toString('latin1');
    if (this.#made.has(key)) chmodSync(place, 0o700);
    inside(pair, place, (stagedFolder, liveFolder) => {
      for (const name of stagedFolder.names()) {
        this.#takeAway({
          staged: stagedFolder,
          live: liveFolder,
          name,
          path: Buffer.concat([pair.path, SLASH, name]),
        });
      }
      const times = this.#touched.get(key);
      if (times !== undefined) {
        futimesSync(liveFolder.descriptor, toSeconds(times.atimeNs), toSeconds(times.mtimeNs));
      }
      fsyncSync(liveFolder.descriptor);
    });
    if (this.#made.has(key)) removeIfEmpty(place);
  }
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

function removeIfEmpty(path: Buffer): void {
  try {
    rmdirSync(path);
  } catch (error) {
    // The till put something in meanwhile: that stays.
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(error))) throw error;
  }
}
