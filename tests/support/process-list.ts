import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Command lines of the other processes of this machine that hold `text`; arguments are parted by blanks. */
export function findPrograms(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .map(readCommandLine)
    .filter((line) => line.includes(text));
}

/** Command lines seen while `work` goes on, each once. */
export async function watchPrograms(work: Promise<unknown>): Promise<Set<string>> {
  const seen = new Set<string>();
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      for (const line of findPrograms('')) seen.add(line);
      await wait(5);
    }
  })();
  try {
    await work;
  } finally {
    isOver = true;
    await watching;
  }
  return seen;
}

function readCommandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // it ended meanwhile
  }
}
