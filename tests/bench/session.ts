/** What every command of the benchmark has: a temporary folder, a progress line, and a clean end when interrupted. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CancelledError } from '../../src/shared/errors.js';
import { describeMachine } from './measure/machine.js';
import { type DocumentPart, printMachine, writePart } from './report/benchmarks-document.js';
import { ProgressLine } from './report/progress-line.js';

/** Options of every command. */
export interface CommonOptions {
  quick?: boolean;
  json?: string;
  writeDocs?: boolean;
  workDir?: string;
  corpusDir?: string;
}

/** What a command works in. */
export interface BenchSession {
  /** Absolute temporary folder, on the disk that is measured; removed at the end. */
  folder: string;
  /** Absolute folder where corpora are kept between runs. */
  corpusFolder: string;
  signal: AbortSignal;
  say(what: string): void;
}

/** What a command has found out. */
export interface BenchReport {
  /** For machines. */
  data: object;
  /** For people: Markdown. */
  lines: readonly string[];
  /** Programs and their versions. */
  programs: readonly string[];
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a command and reports what it found: on standard output, and to the files that were asked for.
 * @throws what `work` throws, after everything temporary was removed
 */
export async function runSession(
  part: DocumentPart,
  options: CommonOptions,
  work: (session: BenchSession) => Promise<BenchReport>,
): Promise<void> {
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  for (const signal of SIGNALS) process.on(signal, stop);
  // Nobody reads any more, as in `npm run bench | head`: end, but clean up.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', stop);
  const progress = new ProgressLine(process.stderr);
  const parent = resolve(options.workDir ?? tmpdir());
  const corpusFolder = resolve(options.corpusDir ?? join(parent, 'tillvault-corpora'));
  for (const needed of [parent, corpusFolder]) await mkdir(needed, { recursive: true });
  const folder = await realpath(await mkdtemp(join(parent, 'tillvault-bench-')));
  try {
    const say = (what: string) => progress.say(what);
    const report = await work({ folder, corpusFolder, signal: interrupt.signal, say });
    const machine = await describeMachine(folder, interrupt.signal);
    progress.clear();
    const lines = [...printMachine(machine, report.programs), '', ...report.lines];
    process.stdout.write(`${lines.join('\n')}\n`);
    if (options.json !== undefined) {
      await writeFile(
        options.json,
        `${JSON.stringify({ machine, programs: report.programs, ...report.data }, null, 2)}\n`,
      );
    }
    if (options.writeDocs) await writePart(part, lines);
  } catch (error) {
    // Whatever broke off because of the signal did so on purpose.
    throw interrupt.signal.aborted
      ? new CancelledError('The benchmark was interrupted', { cause: error })
      : error;
  } finally {
    progress.say('removing what was temporary');
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    progress.clear();
    for (const signal of SIGNALS) process.off(signal, stop);
    for (const stream of [process.stdout, process.stderr]) stream.off('error', stop);
  }
}
