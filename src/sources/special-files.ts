/**
 * Sockets, named pipes and devices of a live folder that is to be replaced. No backup holds them, and a program of the
 * till may wait at one of them, so a restore keeps them: each gets a second name (a hard link) in the staged copy
 * before that takes the live folder's place. Live data is not touched, and undoing the restore needs nothing more.
 */
import { type Dirent, fsyncSync, futimesSync, linkSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { printPath } from '../engine/index.js';
import { throwIfCancelled } from '../shared/errors.js';
import { toSeconds } from './entry-metadata.js';
import { FolderHandle } from './folder-handle.js';
import { lookAt } from './live-folders.js';
import type { Notices } from './notices.js';
import { STAGED, type StagedPlace } from './place-swap.js';
import { isStagingName } from './staging-folder.js';
import { errnoOf } from './system-error.js';

const SLASH = Buffer.from('/');
const NOTHING = Buffer.alloc(0);

/** A live folder, and its staged copy where the backup holds one. */
interface Pair {
  live: FolderHandle;
  staged: FolderHandle | null;
  /** Below the place. */
  path: Buffer;
}

/**
 * Gives the staged copy of `place` the special files of the live one. What cannot be kept is said in `notices`.
 * Takes about as long as listing the live folder; holds one listing and two descriptors per level.
 * @throws CancelledError, the system's error when the live folder cannot be read
 */
export async function keepSpecialFiles(
  place: StagedPlace,
  { notices, signal }: { notices: Notices; signal?: AbortSignal },
): Promise<void> {
  if (!lookAt(place.live)?.isDirectory()) return;
  const staged = join(place.folder.path, STAGED);
  const hasCopy = lookAt(staged)?.isDirectory() === true;
  await new SpecialFiles(place.shownAs, notices, signal).keep(
    Buffer.from(place.live),
    hasCopy ? Buffer.from(staged) : null,
    NOTHING,
  );
}

class SpecialFiles {
  readonly #shownAs: string;
  readonly #notices: Notices;
  readonly #signal: AbortSignal | undefined;

  constructor(shownAs: string, notices: Notices, signal: AbortSignal | undefined) {
    this.#shownAs = shownAs;
    this.#notices = notices;
    this.#signal = signal;
  }

  async keep(live: Buffer, staged: Buffer | null, path: Buffer): Promise<void> {
    await setImmediate();
    throwIfCancelled(this.#signal);
    const liveFolder = this.#open(live, path);
    if (liveFolder === null) return;
    try {
      const stagedFolder = staged === null ? null : FolderHandle.open(staged);
      try {
        await this.#keepIn({ live: liveFolder, staged: stagedFolder, path });
      } finally {
        stagedFolder?.close();
      }
    } finally {
      liveFolder.close();
    }
  }

  /** Null for a folder that this account may not read: it can be replaced all the same. */
  #open(live: Buffer, path: Buffer): FolderHandle | null {
    try {
      return FolderHandle.open(live);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return null; // the till has removed it
      if (errnoOf(error) !== 'EACCES') throw error;
      const name = path.length === 0 ? '' : `/${printPath(path)}`;
      this.#notices.add(
        `Sockets and pipes in "${this.#shownAs}${name}" could not be kept: it may not be read`,
      );
      return null;
    }
  }

  async #keepIn(pair: Pair): Promise<void> {
    const entries = readdirSync(pair.live.child(NOTHING), { encoding: 'buffer', withFileTypes: true });
    this.#linkAll(pair, entries.filter(isSpecial));
    for (const entry of entries) {
      if (!entry.isDirectory() || isStagingName(entry.name)) continue;
      const stagedPath = pair.staged?.child(entry.name);
      const copy = stagedPath && lookAt(stagedPath)?.isDirectory() ? stagedPath : null;
      await this.keep(pair.live.child(entry.name), copy, below(pair.path, entry.name));
    }
  }

  #linkAll({ live, staged, path }: Pair, entries: readonly Dirent<Buffer>[]): void {
    const before = entries.length > 0 ? staged?.stats() : undefined;
    for (const entry of entries) {
      const name = printPath(below(path, entry.name));
      if (staged === null) this.#lose(entry, name, 'the backup does not hold the folder that it was in');
      else if (lookAt(staged.child(entry.name)))
        this.#lose(entry, name, 'the backup holds something of this name');
      else this.#link(live, staged, entry, name);
    }
    if (staged === null || before === undefined) return;
    futimesSync(staged.descriptor, toSeconds(before.atimeNs), toSeconds(before.mtimeNs));
    fsyncSync(staged.descriptor);
  }

  #link(live: FolderHandle, staged: FolderHandle, entry: Dirent<Buffer>, name: string): void {
    try {
      linkSync(live.child(entry.name), staged.child(entry.name));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return; // its program has removed it
      this.#lose(entry, name, `this system does not let it be kept (${errnoOf(error)})`);
    }
  }

  #lose(entry: Dirent<Buffer>, name: string, reason: string): void {
    this.#notices.add(
      `"${this.#shownAs}/${name}" is a ${kindOf(entry)} and was removed: ${reason}; start the program that made it again`,
    );
  }
}

function isSpecial(entry: Dirent<Buffer>): boolean {
  return entry.isSocket() || entry.isFIFO() || entry.isCharacterDevice() || entry.isBlockDevice();
}

function below(path: Buffer, name: Buffer): Buffer {
  return path.length === 0 ? name : Buffer.concat([path, SLASH, name]);
}

function kindOf(entry: Dirent<Buffer>): string {
  if (entry.isSocket()) return 'socket';
  return entry.isFIFO() ? 'named pipe' : 'device';
}
