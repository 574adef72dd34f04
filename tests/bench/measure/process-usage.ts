/** What processes have used, as Linux counts it in /proc. Elsewhere the figures are null. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** True when this machine tells what processes use. */
export const canMeasureProcesses: boolean = existsSync('/proc/self/stat');

/** CPU seconds of a process and of every child that it has waited for; null when it is gone or unknown. */
export function cpuSeconds(pid: number | 'self'): number | null {
  const fields = readStat(pid);
  return fields && sumTicks(fields.slice(11, 15));
}

/** CPU seconds of the children that this process has waited for, and of theirs. */
export function cpuSecondsOfChildren(): number | null {
  const fields = readStat('self');
  return fields && sumTicks(fields.slice(13, 15));
}

/** The most memory that a process has held at once, in bytes: VmHWM. */
export function peakBytes(pid: number): number | null {
  return readStatus(pid, 'VmHWM');
}

/** The memory that a process holds now, in bytes: VmRSS. */
export function residentBytes(pid: number): number | null {
  return readStatus(pid, 'VmRSS');
}

/** Makes `peakBytes` count from now on. @returns false when this machine does not allow it: the peak is the life's */
export function resetPeak(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return true;
  } catch {
    return false;
  }
}

/** Ids of a process and of everything that it has started, as far as it still runs. */
export function listTree(pid: number): number[] {
  const found = [pid];
  // Asked of the processes themselves: going through all of /proc would slow down what is measured.
  for (const each of found) {
    const children = readProc(`/proc/${each}/task/${each}/children`) ?? '';
    found.push(...children.split(' ').filter(Boolean).map(Number));
  }
  return found;
}

/** The fields after the program's name, which may itself hold blanks and parentheses: state, parent, and so on. */
function readStat(pid: number | 'self'): string[] | null {
  const text = readProc(`/proc/${pid}/stat`);
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function readStatus(pid: number, field: 'VmHWM' | 'VmRSS'): number | null {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readProc(`/proc/${pid}/status`) ?? '')?.[1];
  return found === undefined ? null : Number(found) * 1024;
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null; // the process has ended, or this is not Linux
  }
}

function sumTicks(fields: readonly string[]): number {
  return fields.reduce((sum, field) => sum + Number(field), 0) / TICKS_PER_SECOND;
}
