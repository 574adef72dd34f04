import { fchmodSync, fchownSync, futimesSync, lchownSync, lutimesSync } from 'node:fs';
import type { RestoredDirectory, RestoredFile, RestoredSymlink } from '../engine/index.js';

type Metadata = Pick<RestoredDirectory, 'mode' | 'mtimeNs' | 'uid' | 'gid'>;

/** Only the superuser may give files away; everybody else restores them as their own. */
const CAN_CHOWN = process.getuid?.() === 0;

/**
 * `ns` as Node's file system calls take times: seconds in a double. Times of this century come out within one
 * microsecond (a double has 22 bits left for the fraction), whole seconds exactly.
 */
export function toSeconds(ns: bigint): number {
  const seconds = ns / 1_000_000_000n;
  return Number(seconds) + Number(ns - seconds * 1_000_000_000n) / 1e9;
}

/** Gives an open file or folder its owner (as root), permission bits and modification time, in this order. */
export function applyMetadata(descriptor: number, entry: Metadata | RestoredFile): void {
  // Owner before mode: changing the owner clears the set-user-id bit.
  if (CAN_CHOWN) fchownSync(descriptor, entry.uid, entry.gid);
  fchmodSync(descriptor, entry.mode);
  const seconds = toSeconds(entry.mtimeNs);
  futimesSync(descriptor, seconds, seconds);
}

/** Gives a symbolic link itself its owner (as root) and time. Links have no permission bits of their own on Linux. */
export function applyLinkMetadata(path: Buffer, entry: RestoredSymlink): void {
  if (CAN_CHOWN) lchownSync(path, entry.uid, entry.gid);
  const seconds = toSeconds(entry.mtimeNs);
  lutimesSync(path, seconds, seconds);
}
