import type { BigIntStats } from 'node:fs';
import { chmodSync, closeSync, constants, existsSync, fstatSync, openSync, readdirSync } from 'node:fs';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
const SLASH = Buffer.from('/');
const DESCRIPTORS = '/proc/self/fd';
/** Where the system names open descriptors as paths, a path through one cannot be diverted and is never too long. */
const HAS_DESCRIPTOR_PATHS = existsSync(DESCRIPTORS);

/**
 * An open folder, and the way to reach what is in it: the nearest that Node offers to `openat`.
 *
 * On Linux the paths of children go through the open descriptor, so that a folder that somebody swaps for a
 * symbolic link meanwhile cannot lead elsewhere, and trees deeper than PATH_MAX work. Elsewhere they are plain paths.
 * Costs one descriptor for as long as it is open.
 */
export class FolderHandle {
  #open = true;

  private constructor(
    /** The open descriptor, for fstat, fsync, fchmod and their like. Closed by `close`. */
    readonly descriptor: number,
    private readonly prefix: Buffer,
  ) {}

  /**
   * Opens the folder at `path`; its last part must not be a symbolic link.
   * @throws the system's error: ELOOP or ENOTDIR when it is no folder
   */
  static open(path: Buffer): FolderHandle {
    const descriptor = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    const prefix = HAS_DESCRIPTOR_PATHS
      ? Buffer.from(`${DESCRIPTORS}/${descriptor}/`)
      : Buffer.concat([path, SLASH]);
    return new FolderHandle(descriptor, prefix);
  }

  /**
   * Opens a folder of our own that may lack read permission, granting it to the owner first.
   * @param mode its present permission bits
   */
  static openOwn(path: Buffer, mode: number): FolderHandle {
    if ((mode & 0o500) !== 0o500) chmodSync(path, 0o700);
    return FolderHandle.open(path);
  }

  /** A path to the child `name`, good for system calls until this handle is closed. */
  child(name: Uint8Array): Buffer {
    return Buffer.concat([this.prefix, name]);
  }

  /** Opens the child folder `name`, which must not be a symbolic link. */
  openChild(name: Uint8Array): FolderHandle {
    return FolderHandle.open(this.child(name));
  }

  /** Names in the folder, in byte order, all at once. */
  names(): Buffer[] {
    return readdirSync(this.prefix, { encoding: 'buffer' }).sort(Buffer.compare);
  }

  stats(): BigIntStats {
    return fstatSync(this.descriptor, { bigint: true });
  }

  /** May be called twice. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.descriptor);
  }

  /** Gives the descriptor to the caller, who closes it; this handle is closed. */
  release(): number {
    this.#open = false;
    return this.descriptor;
  }
}
