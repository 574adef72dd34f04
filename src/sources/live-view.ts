import { printPath } from '../engine/index.js';
import { FolderCursor, splitPath } from './folder-cursor.js';
import { FolderHandle } from './folder-handle.js';
import { lookAt } from './live-folders.js';
import { errnoOf, toAppError } from './system-error.js';

/** Tells what a live root already holds, without going through links below it. Costs one descriptor per level. */
export class LiveView {
  readonly #top: FolderHandle | null;
  readonly #cursor: FolderCursor | null;
  readonly #topState: 'absent' | 'folder' | 'taken';

  /** @param root absolute, links followed */
  constructor(root: string) {
    const stats = lookAt(root);
    this.#topState = stats === undefined ? 'absent' : stats.isDirectory() ? 'folder' : 'taken';
    this.#top = this.#topState === 'folder' ? FolderHandle.open(Buffer.from(root)) : null;
    this.#cursor = this.#top === null ? null : new FolderCursor(this.#top);
  }

  /**
   * What is at `path` below the root (empty: the root itself): nothing, a folder, or something that is no folder;
   * the latter also when a part on the way is no folder.
   * @throws SourceError when it cannot be told
   */
  stateOf(path: Buffer): 'absent' | 'folder' | 'taken' {
    const parts = splitPath(path);
    const name = parts.pop();
    if (name === undefined || this.#cursor === null) return this.#topState;
    try {
      const stats = lookAt(this.#cursor.at(parts).child(name));
      if (stats === undefined) return 'absent';
      return stats.isDirectory() ? 'folder' : 'taken';
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOENT') return 'absent';
      if (code === 'ENOTDIR' || code === 'ELOOP') return 'taken';
      throw toAppError(error, `"${printPath(path)}" cannot be looked at`);
    }
  }

  /** May be called twice. */
  close(): void {
    this.#cursor?.close();
    this.#top?.close();
  }
}
