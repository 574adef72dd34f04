/** Runs the programs that are measured, without a shell of this process, and ends them with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { CancelledError, throwIfCancelled } from '../../../src/shared/errors.js';
import type { Measurement } from './measurement.js';
import { cpuSecondsOfChildren, listTree, peakBytes } from './process-usage.js';

const PEAK_INTERVAL_MS = 50;
const KEPT_CHARACTERS = 4000;

/** What is run. */
export interface Program {
  /** The program and its arguments. */
  command: readonly [string, ...string[]];
  folder: string;
  environment?: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

/**
 * Runs a program to its end, and measures it together with everything that it starts. Nothing else may be waited for by
 * this process meanwhile, since its CPU time would count.
 * @throws Error with what it printed when it does not end with status 0; CancelledError, with the program ended
 */
export async function runMeasured(program: Program): Promise<Measurement & { output: string }> {
  throwIfCancelled(program.signal);
  const cpuBefore = cpuSecondsOfChildren();
  const startedAt = performance.now();
  const { child, output } = start(program);
  const peaks = new Map<number, number>();
  const timer = setInterval(() => notePeaks(child.pid, peaks), PEAK_INTERVAL_MS);
  try {
    const [status] = await once(child, 'close');
    const seconds = (performance.now() - startedAt) / 1000;
    throwIfCancelled(program.signal);
    if (status !== 0) throw new Error(`${program.command.join(' ')} ended with ${status}:\n${output.text}`);
    const cpuAfter = cpuSecondsOfChildren();
    const cpuSeconds = cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore;
    const sum = [...peaks.values()].reduce((total, bytes) => total + bytes, 0);
    return { seconds, cpuSeconds, peakBytes: sum === 0 ? null : sum, output: output.text };
  } finally {
    clearInterval(timer);
  }
}

/** As `runMeasured`, for what is not measured. @returns what it printed */
export async function runProgram(program: Program): Promise<string> {
  const { output } = await runMeasured(program);
  return output;
}

/** What a program prints first, or null when it is not there or fails. */
export async function askVersion(
  command: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const output = await runProgram({ command, folder: '/', signal });
    return output.split('\n', 1)[0]?.trim() ?? '';
  } catch (error) {
    if (error instanceof CancelledError) throw error;
    return null; // not installed
  }
}

/** In a process group of its own, so that all of a pipeline is ended with it. */
function start({ command, folder, environment, signal }: Program) {
  const child = spawn(command[0], command.slice(1), {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder, LC_ALL: 'C', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const output = { text: '' };
  const collect = (piece: Buffer) => {
    output.text = (output.text + String(piece)).slice(-KEPT_CHARACTERS);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const end = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  signal.addEventListener('abort', end, { once: true });
  child.once('close', () => signal.removeEventListener('abort', end));
  return { child, output };
}

function notePeaks(pid: number | undefined, peaks: Map<number, number>): void {
  if (pid === undefined) return;
  for (const each of listTree(pid)) {
    const bytes = peakBytes(each);
    if (bytes !== null) peaks.set(each, bytes);
  }
}
