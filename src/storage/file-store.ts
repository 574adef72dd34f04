/**
 * Objects as files below one folder. An object is written under `tmp/`, synced, and renamed into its place, and the
 * folder that names it is synced: what `put` has promised survives a power cut.
 * Files have mode 0600, folders 0700.
 */
import { constants, type Dirent, readFile } from 'node:fs';
import {
  access,
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  rename,
  stat,
  statfs,
  unlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConflictError, invariant, NotFoundError, StorageError } from '../shared/errors.js';
import type { ObjectStore, StoredObject, StoreSpace } from './object-store.js';

const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
/** A listing asks for the sizes of this many files at once. */
const STATS_AT_A_TIME = 32;
const TEMPORARY = 'tmp';
const SAFE_KEY = /^[0-9a-z]+(\/[0-9a-z]+)*$/;

export interface FileStoreDeps {
  /** A name that no other writer uses. */
  uniqueName: () => string;
}

export class FileStore implements ObjectStore {
  readonly location: string;
  readonly #root: string;
  readonly #uniqueName: () => string;
  readonly #knownFolders = new Set<string>();

  /** @param root absolute folder; made when the first object is put */
  constructor(root: string, deps: FileStoreDeps) {
    this.#root = root;
    this.location = `file:${root}`;
    this.#uniqueName = deps.uniqueName;
  }

  async put(key: string, pieces: readonly Uint8Array[], options: { ifAbsent?: boolean } = {}): Promise<void> {
    const path = this.#pathOf(key);
    const temporary = join(this.#root, TEMPORARY, this.#uniqueName());
    try {
      await this.#ensureFolder(dirname(temporary));
      await this.#ensureFolder(dirname(path));
      await writeSynced(temporary, pieces);
      if (options.ifAbsent) await linkInto(temporary, path, key);
      else await rename(temporary, path);
      await syncFolder(dirname(path));
    } catch (error) {
      await removeIfThere(temporary);
      throw toStorageError(error, 'written');
    }
  }

  async get(key: string): Promise<Buffer> {
    return this.#reading(key, readWhole);
  }

  async getRange(key: string, offset: number, length: number): Promise<Buffer> {
    return this.#reading(key, async (path) => {
      const file = await open(path, READ_FLAGS);
      try {
        return await readExactly(file, offset, length);
      } finally {
        await file.close();
      }
    });
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    invariant(prefix.endsWith('/') && SAFE_KEY.test(prefix.slice(0, -1)), 'a listing names a folder');
    yield* this.#listFolder(prefix.slice(0, -1));
  }

  async probe(): Promise<StoreSpace> {
    try {
      await access(this.#root, constants.W_OK | constants.X_OK);
      const { bavail, blocks, bsize } = await statfs(this.#root);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    } catch (error) {
      throw toStorageError(error, 'written');
    }
  }

  async delete(key: string): Promise<void> {
    const path = this.#pathOf(key);
    try {
      await unlink(path);
      await syncFolder(dirname(path));
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw toStorageError(error, 'deleted');
    }
  }

  /**
   * Removes what writers left that died: files under `tmp/` whose name starts with `ownPrefix`, which no writer may
   * be using now, and those that were last written before `before`.
   * @returns how many
   */
  async removeLeftovers({ ownPrefix, before }: { ownPrefix: string; before: Date }): Promise<number> {
    let removed = 0;
    for (const entry of await this.#readFolder(TEMPORARY)) {
      const path = join(this.#root, TEMPORARY, entry.name);
      try {
        const isDead = entry.name.startsWith(ownPrefix) || (await stat(path)).mtime < before;
        if (!entry.isFile() || !isDead) continue;
        await unlink(path);
        removed += 1;
      } catch (error) {
        // Another server was done with it first.
        if (!isErrno(error, 'ENOENT')) throw toStorageError(error, 'cleaned up');
      }
    }
    return removed;
  }

  async *#listFolder(folder: string): AsyncIterable<StoredObject> {
    const entries = await this.#readFolder(folder);
    for (let at = 0; at < entries.length; at += STATS_AT_A_TIME) {
      const batch = entries.slice(at, at + STATS_AT_A_TIME);
      const files = batch.filter((entry) => entry.isFile()).map((entry) => `${folder}/${entry.name}`);
      yield* await this.#describe(files.filter((key) => SAFE_KEY.test(key)));
      for (const entry of batch) {
        if (entry.isDirectory()) yield* this.#listFolder(`${folder}/${entry.name}`);
      }
    }
  }

  async #readFolder(folder: string): Promise<Dirent[]> {
    try {
      return await readdir(join(this.#root, folder), { withFileTypes: true });
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw toStorageError(error, 'listed');
    }
  }

  async #describe(keys: readonly string[]): Promise<StoredObject[]> {
    const sizes = await Promise.all(keys.map((key) => this.#sizeOf(key)));
    return keys.flatMap((key, at) => (sizes[at] == null ? [] : { key, sizeBytes: sizes[at] }));
  }

  /** Null when the object was deleted since its folder was read. */
  async #sizeOf(key: string): Promise<number | null> {
    try {
      return (await stat(this.#pathOf(key))).size;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return null;
      throw toStorageError(error, 'listed');
    }
  }

  async #reading(key: string, read: (path: string) => Promise<Buffer>): Promise<Buffer> {
    try {
      return await read(this.#pathOf(key));
    } catch (error) {
      if (isErrno(error, 'ENOENT'))
        throw new NotFoundError(`Object "${key}" is not in the storage`, { cause: error });
      throw toStorageError(error, 'read');
    }
  }

  #pathOf(key: string): string {
    invariant(SAFE_KEY.test(key), 'keys are lower-case letters and digits between slashes');
    return join(this.#root, key);
  }

  /** Makes `folder` and syncs the folders that name what was made. */
  async #ensureFolder(folder: string): Promise<void> {
    if (this.#knownFolders.has(folder)) return;
    const firstMade = await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    if (firstMade !== undefined) {
      for (let made = folder; made.length >= firstMade.length; made = dirname(made))
        await syncFolder(dirname(made));
    }
    this.#knownFolders.add(folder);
  }
}

/** Several times faster for thousands of small files than a handle of fs/promises. */
function readWhole(path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    readFile(path, { flag: READ_FLAGS }, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
}

async function writeSynced(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx', FILE_MODE);
  try {
    for (const piece of pieces) await writeFully(file, piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeFully(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let at = 0;
  while (at < bytes.length) at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
}

async function readExactly(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;
  while (at < length) {
    const { bytesRead } = await file.read(bytes, at, length - at, offset + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

async function linkInto(temporary: string, path: string, key: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) throw new ConflictError(`Object "${key}" exists already`, { cause: error });
    throw error;
  }
  await unlink(temporary);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch {
    // Best effort: the error that led here is the one to report, and `tmp/` is ignored by readers.
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function toStorageError(error: unknown, done: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error;
  const code = String(error.code);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StorageError(
      'INSUFFICIENT_STORAGE',
      'The backup storage is full; free some space or delete old backups',
      {
        cause: error,
      },
    );
  }
  return new StorageError(
    'SERVICE_UNAVAILABLE',
    `The backup storage cannot be ${done} (${code}); check that it is there and writable`,
    {
      cause: error,
      retryable: true,
    },
  );
}
