/**
 * Objects as files below one folder. An object is written under `tmp/`, synced, and renamed into its place, and the
 * folder that names it is synced: what `put` has promised survives a power cut.
 * Files have mode 0600, folders 0700.
 */
import { constants, type Dirent } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConflictError, invariant, NotFoundError, StorageError } from '../shared/errors.js';
import type { ObjectStore, StoredObject } from './object-store.js';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
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
    const temporary = join(this.#root, 'tmp', this.#uniqueName());
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
    return this.#withFile(key, async (file) => readExactly(file, 0, (await file.stat()).size));
  }

  async getRange(key: string, offset: number, length: number): Promise<Buffer> {
    return this.#withFile(key, (file) => readExactly(file, offset, length));
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    invariant(prefix.endsWith('/') && SAFE_KEY.test(prefix.slice(0, -1)), 'a listing names a folder');
    yield* this.#listFolder(prefix.slice(0, -1));
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

  async *#listFolder(folder: string): AsyncIterable<StoredObject> {
    for (const entry of await this.#readFolder(folder)) {
      const key = `${folder}/${entry.name}`;
      if (entry.isDirectory()) yield* this.#listFolder(key);
      else if (entry.isFile() && SAFE_KEY.test(key)) {
        const sizeBytes = await this.#sizeOf(key);
        if (sizeBytes !== null) yield { key, sizeBytes };
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

  /** Null when the object was deleted since its folder was read. */
  async #sizeOf(key: string): Promise<number | null> {
    try {
      return (await stat(this.#pathOf(key))).size;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return null;
      throw toStorageError(error, 'listed');
    }
  }

  async #withFile<T>(key: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
    try {
      const file = await open(this.#pathOf(key), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        return await use(file);
      } finally {
        await file.close();
      }
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
