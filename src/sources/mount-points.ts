import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { lookAt } from './live-folders.js';
import { errnoOf } from './system-error.js';

const MOUNTS = '/proc/self/mountinfo';

/**
 * True when `live`, an absolute path with links followed, is a mount point: it cannot be renamed, only what is in it.
 * Where the system has no list of them, a place on another device than its parent is taken for one.
 */
export function isMountPoint(live: string): boolean {
  const mounts = listMountPoints();
  if (mounts !== null) return mounts.has(live);
  const stats = lookAt(live);
  return stats !== undefined && stats.dev !== statSync(dirname(live)).dev;
}

/** Mount points below `live`, absolute: what is in them cannot be moved with it. Empty where the system has no list. */
export function listMountsBelow(live: string): string[] {
  return [...(listMountPoints() ?? [])].filter((mount) => mount.startsWith(`${live}/`)).sort();
}

function listMountPoints(): Set<string> | null {
  try {
    const lines = readFileSync(MOUNTS, 'utf8').split('\n');
    return new Set(lines.flatMap((line) => line.split(' ')[4] ?? []).map(unescapeMount));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Blanks, tabs, line ends and backslashes are written as three octal digits. */
function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
