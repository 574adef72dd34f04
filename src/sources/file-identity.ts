import type { BigIntStats } from 'node:fs';
import type { FileIdentity } from '../engine/index.js';

/**
 * How long a file must have rested before its time stamps tell it apart from a later change, in milliseconds.
 * Linux stamps files with the time of the last timer tick (ext4, xfs, btrfs and tmpfs alike: up to 10 ms back), so
 * two changes within one tick look the same. Ten ticks leave room for a file server whose clock is slightly off.
 */
export const IDENTITY_MARGIN_MS = 100;

/**
 * The identity of a file by its status, or null when the file changed so recently (or, by a wrong clock, in the
 * future) that a later change could bear the same time stamp.
 * @param now the present time, taken before `stats` is used
 */
export function toFileIdentity(stats: BigIntStats, now: Date): FileIdentity | null {
  const restedMs = now.getTime() - Number(stats.ctimeNs / 1_000_000n);
  if (restedMs < IDENTITY_MARGIN_MS) return null;
  return { device: stats.dev, inode: stats.ino, ctimeNs: stats.ctimeNs };
}
