import type { BigIntStats } from 'node:fs';
import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import type { SourceEntry } from '../engine/index.js';
import { MAX_PATH_BYTES, printPath } from '../engine/index.js';
import type { Clock } from '../shared/clock.js';
import { SourceError } from '../shared/errors.js';
import { toFileIdentity } from './file-identity.js';
import { FolderHandle } from './folder-handle.js';
import type { Notices } from './notices.js';
import { OpenFileReader } from './open-file-reader.js';
import type { Root } from './root.js';
import { arrangeRoots, parentsOf } from './root.js';
import { isStagingName } from './staging-folder.js';
import { errnoOf, toAppError } from './system-error.js';

/** Something that is looked at changed its kind or went away between two system calls. */
const MOVED = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL']);
const LOOKS = 3;
const SLASH = Buffer.from('/');

/** A folder whose content is being listed. */
interface Level {
  path: Buffer;
  handle: FolderHandle;
  names: Buffer[];
  next: number;
}

/** An entry, and the open folder behind it when it is one. */
interface Sighting {
  entry: SourceEntry;
  handle: FolderHandle | null;
}

/**
 * Walks configured roots depth first in manifest order. Holds one listing and one open descriptor per level,
 * whatever the number of files. Single-use.
 *
 * A root that is a symbolic link is followed, because the administrator named it; every other link is an entry.
 */
export class FolderWalker {
  readonly #levels: Level[] = [];
  readonly #roots: Root[];
  readonly #clock: Clock;
  readonly #notices: Notices;

  constructor(roots: readonly Root[], { clock, notices }: { clock: Clock; notices: Notices }) {
    this.#roots = arrangeRoots(roots);
    this.#clock = clock;
    this.#notices = notices;
  }

  /** @throws SourceError when something is unreadable */
  *entries(): Generator<SourceEntry> {
    const emittedParents = new Set<string>();
    try {
      for (const root of this.#roots) {
        const place = resolveRoot(root);
        const sighting = place === null ? null : this.#look(Buffer.from(place), Buffer.from(root.label));
        if (sighting === null) {
          this.#notices.add(`"${root.label}" is not there, nothing of it was captured`);
          continue;
        }
        yield* this.#parents(root, emittedParents);
        yield* this.#tree(sighting);
      }
    } finally {
      this.close();
    }
  }

  /** Closes every open folder. May be called at any time, and twice. */
  close(): void {
    for (const level of this.#levels.splice(0)) level.handle.close();
  }

  *#parents(root: Root, emitted: Set<string>): Generator<SourceEntry> {
    for (const parent of parentsOf(root)) {
      if (emitted.has(parent.label)) continue;
      emitted.add(parent.label);
      yield {
        kind: 'directory',
        ...toBase(Buffer.from(parent.label), statSync(parent.path, { bigint: true })),
      };
    }
  }

  *#tree(top: Sighting): Generator<SourceEntry> {
    this.#enter(top);
    yield top.entry;
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const name = level.names[level.next];
      if (name === undefined) {
        this.#levels.pop();
        level.handle.close();
        continue;
      }
      level.next += 1;
      const sighting = this.#look(level.handle.child(name), Buffer.concat([level.path, SLASH, name]));
      if (sighting === null) continue;
      this.#enter(sighting);
      yield sighting.entry;
    }
  }

  #enter({ entry, handle }: Sighting): void {
    if (handle === null) return;
    // On the stack before it is listed, so that it is closed when listing fails.
    const level: Level = { path: entry.path, handle, names: [], next: 0 };
    this.#levels.push(level);
    try {
      level.names = handle.names();
    } catch (error) {
      throw toAppError(error, `Folder "${printPath(entry.path)}" cannot be listed`);
    }
  }

  /** What is at `place`, or null (with a notice) when it cannot be captured. Looks again when it changes meanwhile. */
  #look(place: Buffer, path: Buffer): Sighting | null {
    if (path.length > MAX_PATH_BYTES) {
      throw new SourceError(
        `A path below "${printPath(path.subarray(0, 80))}…" has ${path.length} bytes, expected at most ${MAX_PATH_BYTES}; move what is there`,
      );
    }
    for (let look = 1; look <= LOOKS; look++) {
      try {
        return this.#sight(place, path);
      } catch (error) {
        if (!MOVED.has(errnoOf(error))) throw toAppError(error, `"${printPath(path)}" cannot be read`);
      }
    }
    this.#notices.add(`"${printPath(path)}" vanished while its folder was read, it was not captured`);
    return null;
  }

  #sight(place: Buffer, path: Buffer): Sighting | null {
    const stats = lstatSync(place, { bigint: true });
    if (stats.isDirectory()) return this.#sightFolder(place, path);
    if (stats.isSymbolicLink()) {
      const target = readlinkSync(place, { encoding: 'buffer' });
      return { entry: { kind: 'symlink', ...toBase(path, stats), target }, handle: null };
    }
    if (!stats.isFile()) {
      this.#notices.add(`"${printPath(path)}" is a ${nameKind(stats)}, it was not captured`);
      return null;
    }
    const identity = toFileIdentity(stats, this.#clock.now());
    const open = () => OpenFileReader.open(place, printPath(path));
    const sizeBytes = Number(stats.size);
    return {
      entry: { kind: 'file', ...toBase(path, stats), sizeBytes, identity, cutting: 'content', open },
      handle: null,
    };
  }

  #sightFolder(place: Buffer, path: Buffer): Sighting | null {
    if (isStagingName(path.subarray(path.lastIndexOf(SLASH) + 1))) {
      this.#notices.add(`"${printPath(path)}" is a staging folder of a restore, it was not captured`);
      return null;
    }
    const handle = FolderHandle.open(place);
    return { entry: { kind: 'directory', ...toBase(path, handle.stats()) }, handle };
  }
}

function toBase(path: Buffer, stats: BigIntStats) {
  return {
    path,
    mode: Number(stats.mode & 0o7777n),
    mtimeNs: stats.mtimeNs,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  };
}

function nameKind(stats: BigIntStats): string {
  if (stats.isSocket()) return 'socket';
  if (stats.isFIFO()) return 'named pipe';
  return 'device';
}

/** Where a root really is, or null when it is not there. @throws SourceError when that cannot be told */
export function resolveRoot(root: Root): string | null {
  try {
    return realpathSync(root.path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw toAppError(error, `"${root.label}" cannot be read`);
  }
}
