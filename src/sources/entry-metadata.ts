import { fchmodSync, fchownSync, futimesSync, lchownSync, lutimesSync } from 'node:fs';
import type { RestoredDirectory, RestoredFile, RestoredSymlink } from '../engine/index.js';
import { errnoOf } from './system-error.js';

type Metadata = Pick<RestoredDirectory, 'mode' | 'mtimeNs' | 'uid' | 'gid'>;

type Owner = Pick<RestoredDirectory, 'uid' | 'gid'>;

/** What the system says when this account may not give a file to an owner, or the owner does not exist here. */
const NOT_PERMITTED = new Set(['EPERM', 'EINVAL', 'ENOTSUP', 'ENOSYS']);

/**
 * `ns` as Node's file system calls take times: seconds in a double. Times of this century come out within one
 * microsecond (a double has 22 bits left for the fraction), whole seconds exactly.
 */
export function toSeconds(ns: bigint): number {
  const seconds = ns / 1_000_000_000n;
  return Number(seconds) + Number(ns - seconds * 1_000_000_000n) / 1e9;
}

/**
 * Gives an open file or folder its owner, permission bits and modification time, in this order.
 * @returns false when it stays with the account that Tillvault runs as: only root may give files away
 */
export function applyMetadata(descriptor: number, entry: Metadata | RestoredFile): boolean {
  // Owner before mode: changing the owner clears the set-user-id bit.
  const isOwned = giveTo(entry, (uid, gid) => fchownSync(descriptor, uid, gid));
  fchmodSync(descriptor, entry.mode);
  const seconds = toSeconds(entry.mtimeNs);
  futimesSync(descriptor, seconds, seconds);
  return isOwned;
}

/**
 * Gives a symbolic link itself its owner and time. Links have no permission bits of their own on Linux.
 * @returns as `applyMetadata`
 */
export function applyLinkMetadata(path: Buffer, entry: RestoredSymlink): boolean {
  const isOwned = giveTo(entry, (uid, gid) => lchownSync(path, uid, gid));
  const seconds = toSeconds(entry.mtimeNs);
  lutimesSync(path, seconds, seconds);
  return isOwned;
}

function giveTo({ uid, gid }: Owner, chown: (uid: number, gid: number) => void): boolean {
  if (tryChown(() => chown(uid, gid))) return true;
  tryChown(() => chown(UNCHANGED, gid)); // any account may give a file to a group that it is in
  return false;
}

/** In the place of an id, for the system's calls. */
const UNCHANGED = -1;

function tryChown(chown: () => void): boolean {
  try {
    chown();
    return true;
  } catch (error) {
    if (NOT_PERMITTED.has(errnoOf(error))) return false;
    throw error;
  }
}
