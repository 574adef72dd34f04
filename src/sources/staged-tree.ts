import { constants, mkdirSync, openSync, symlinkSync } from 'node:fs';
import type {
  FileWriter,
  RestoredContent,
  RestoredDirectory,
  RestoredFile,
  RestoredSymlink,
} from '../engine/index.js';
import { printPath } from '../engine/index.js';
import { ConflictError, IntegrityError } from '../shared/errors.js';
import { Checklist } from './checklist.js';
import { applyLinkMetadata, applyMetadata } from './entry-metadata.js';
import { splitPath } from './folder-cursor.js';
import type { FolderHandle } from './folder-handle.js';
import { StagedFileWriter } from './staged-file-writer.js';
import type { StagingFolder } from './staging-folder.js';
import { SyncQueue } from './sync-queue.js';
import { errnoOf, toAppError } from './system-error.js';

/** A staged folder whose content is still arriving. */
interface Level {
  name: Buffer;
  handle: FolderHandle;
  entry: RestoredDirectory;
  /** True when the live place has it: what is staged of it is only the way to what is in it. */
  isThere: boolean;
}

/**
 * Entries written into a fresh staging folder. Parents come before children, so the folders that are not finished
 * are those on the way to the last entry: memory and descriptors grow with the depth only.
 *
 * Every name is created exclusively and only in folders that were created here and are reached through their
 * descriptors, so nothing is ever written through a link, and two names that the file system takes for one
 * (capital letters, composed accents) are refused.
 */
export class StagedTree {
  readonly checklist: Checklist;
  readonly #queue: SyncQueue;
  readonly #levels: Level[] = [];
  /** Folders that their owner may not enter: they get their mode in the live place. Rare, so kept in memory. */
  readonly closedFolders: { path: Buffer; mode: number }[] = [];
  #unowned = 0;

  /**
   * Begins a tree in `folder`, which is removed again when that fails.
   * @throws SourceError, StorageError
   */
  static begin(folder: StagingFolder): StagedTree {
    try {
      return new StagedTree(folder);
    } catch (error) {
      try {
        folder.removeFresh();
      } catch {
        // The first error is the one to report; what stays bears the staging name and is removed by the next start.
      }
      throw toAppError(error, 'The restore cannot be staged');
    }
  }

  private constructor(private readonly folder: StagingFolder) {
    this.#queue = new SyncQueue(folder.path);
    this.checklist = new Checklist(folder.handle.child(Buffer.from('checklist')));
  }

  /** How many entries could not be given to their owner, so far. */
  get unowned(): number {
    return this.#unowned;
  }

  /**
   * @param stagedPath below the staging folder
   * @param options.isThere true when the live folder of this name stays
   */
  async directory(
    stagedPath: Buffer,
    entry: RestoredDirectory,
    { isThere = false }: { isThere?: boolean } = {},
  ): Promise<void> {
    const { parent, name } = await this.#parentOf(stagedPath, entry.path);
    await this.#create(entry.path, () => {
      mkdirSync(parent.child(name), { mode: 0o700 });
      this.#levels.push({
        name: Buffer.from(name),
        handle: parent.openChild(name),
        entry: { ...entry, path: Buffer.from(entry.path) },
        isThere,
      });
    });
    if ((entry.mode & 0o700) !== 0o700)
      this.closedFolders.push({ path: Buffer.from(stagedPath), mode: entry.mode });
  }

  async symlink(stagedPath: Buffer, entry: RestoredSymlink): Promise<void> {
    const { parent, name } = await this.#parentOf(stagedPath, entry.path);
    await this.#create(entry.path, () => {
      symlinkSync(entry.target, parent.child(name));
      if (!applyLinkMetadata(parent.child(name), entry)) this.#unowned++;
    });
  }

  async file(stagedPath: Buffer, entry: RestoredFile): Promise<FileWriter> {
    const { parent, name } = await this.#parentOf(stagedPath, entry.path);
    const path = Buffer.from(entry.path);
    const staged = Buffer.from(stagedPath);
    return this.#create(path, () => {
      const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
      const descriptor = openSync(parent.child(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      const onContent = (content: RestoredContent) =>
        this.checklist.add({ ...content, path, stagedPath: staged });
      const onUnowned = () => this.#unowned++;
      return new StagedFileWriter(
        descriptor,
        { ...entry, path },
        { queue: this.#queue, onContent, onUnowned },
      );
    });
  }

  /** Gives the last folders their modes and times, and makes everything durable. */
  async finish(): Promise<void> {
    try {
      await this.#leave(0);
      await this.#queue.drain();
      this.folder.sync();
    } catch (error) {
      throw toAppError(error, 'The staged copy cannot be made durable');
    }
  }

  /** Closes everything. May be called at any time, and twice. */
  async close(): Promise<void> {
    this.checklist.close();
    for (const { handle } of this.#levels.splice(0)) handle.close();
    await this.#queue.abandon();
  }

  /** The open folder that is to hold `stagedPath`, after finishing the folders that are not on the way to it. */
  async #parentOf(stagedPath: Buffer, path: Buffer): Promise<{ parent: FolderHandle; name: Buffer }> {
    const parts = splitPath(stagedPath);
    const name = parts.pop();
    let depth = 0;
    while (depth < parts.length && this.#levels[depth]?.name.equals(parts[depth]!)) depth += 1;
    if (name === undefined || depth < parts.length) {
      throw new IntegrityError(`"${printPath(path)}" comes before its folder, expected folders first`);
    }
    await this.#leave(depth);
    return { parent: this.#levels.at(-1)?.handle ?? this.folder.handle, name };
  }

  async #leave(depth: number): Promise<void> {
    while (this.#levels.length > depth) {
      const { handle, entry, isThere } = this.#levels.pop()!;
      try {
        const isClosed = (entry.mode & 0o700) !== 0o700;
        const isOwned = applyMetadata(handle.descriptor, isClosed ? { ...entry, mode: 0o700 } : entry);
        if (!isOwned && !isThere) this.#unowned++;
      } catch (error) {
        handle.close();
        throw toAppError(error, `Folder "${printPath(entry.path)}" cannot be finished`);
      }
      await this.#queue.add(handle.release());
    }
  }

  async #create<T>(path: Buffer, make: () => T): Promise<T> {
    try {
      return make();
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw toAppError(error, `"${printPath(path)}" cannot be written`);
      throw new ConflictError(
        `"${printPath(path)}" collides with another name on this file system, expected one that tells them apart`,
        { cause: error },
      );
    }
  }
}
