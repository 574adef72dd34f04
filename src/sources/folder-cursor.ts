import { FolderHandle } from './folder-handle.js';

const SLASH = 0x2f;

/** The parts of a `/`-separated path. */
export function splitPath(path: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  for (let slash = path.indexOf(SLASH); slash >= 0; slash = path.indexOf(SLASH, start)) {
    parts.push(path.subarray(start, slash));
    start = slash + 1;
  }
  if (start < path.length) parts.push(path.subarray(start));
  return parts;
}

/**
 * Keeps the folders open on the way to the last folder asked for, so that going through a tree in manifest order
 * opens every folder once. Never goes through a symbolic link. Costs one descriptor per level.
 */
export class FolderCursor {
  readonly #levels: { name: Buffer; handle: FolderHandle }[] = [];

  /** @param top stays the caller's */
  constructor(private readonly top: FolderHandle) {}

  /**
   * The open folder at `parts` below the top, valid until the next call.
   * @throws the system's error: ENOENT when it is not there, ENOTDIR or ELOOP when a part is no folder
   */
  at(parts: readonly Buffer[]): FolderHandle {
    let depth = 0;
    while (depth < parts.length && this.#levels[depth]?.name.equals(parts[depth]!)) depth += 1;
    this.#closeFrom(depth);
    for (; depth < parts.length; depth++) {
      const name = Buffer.from(parts[depth]!);
      this.#levels.push({ name, handle: this.#current().openChild(name) });
    }
    return this.#current();
  }

  /** Closes every folder but the top. May be called twice. */
  close(): void {
    this.#closeFrom(0);
  }

  #current(): FolderHandle {
    return this.#levels.at(-1)?.handle ?? this.top;
  }

  #closeFrom(depth: number): void {
    for (const { handle } of this.#levels.splice(depth)) handle.close();
  }
}
