/** What a result was measured on. */
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { throwIfCancelled } from '../../../src/shared/errors.js';
import { runProgram } from './run-program.js';

/** A machine, as far as it matters to a result. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryBytes: number;
  system: string;
  /** File system of the folder that was measured in. */
  fileSystem: string;
  /** Commit of the sources, `+` when they were changed; null outside of a git clone. */
  commit: string | null;
  /** Day of the measurement, as YYYY-MM-DD. */
  date: string;
}

/** @param folder on the disk that is measured */
export async function describeMachine(folder: string, signal: AbortSignal): Promise<Machine> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    fileSystem:
      (await ask(['findmnt', '--noheadings', '--output=FSTYPE', '--target', folder], signal)) ?? 'unknown',
    commit: await ask(
      ['git', '-C', import.meta.dirname, 'describe', '--always', '--dirty=+', '--exclude=*'],
      signal,
    ),
    date: new Date().toISOString().slice(0, 10),
  };
}

async function ask(command: readonly [string, ...string[]], signal: AbortSignal): Promise<string | null> {
  try {
    return (await runProgram({ command, folder: '/', signal })).trim();
  } catch {
    throwIfCancelled(signal);
    return null; // another system, or no clone: the report says so
  }
}
