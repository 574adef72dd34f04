/**
 * Runs the administrator's programs around operations: without a shell, in a process group of their own that is ended
 * as a whole, with an environment that says what the operation is and holds nothing of the server's own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError, CancelledError } from '../shared/errors.js';
import type { HookMoment, HookRun, RunHook } from '../shared/hook.js';

/** A program, absolute, and its arguments. */
export type HookCommand = readonly [program: string, ...args: string[]];

/** How hooks are run. */
export interface HookOptions {
  timeoutMs: number;
}

/** What is kept of what a program says. */
const OUTPUT_CHARACTERS = 8_000;
const SHOWN_LINES = 5;
const SHOWN_CHARACTERS = 600;
/** What a program that is asked to end is given, before it is made to. */
const GRACE_MS = 2_000;
/** How long its last words are waited for; a daemon that it left behind may hold its output open for ever. */
const LAST_WORDS_MS = 200;
const ENVIRONMENT = {
  LC_ALL: 'C.UTF-8',
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
};

/** The variables that name the hooks, for messages. */
const VARIABLES: Record<HookMoment, string> = {
  beforeBackup: 'HOOK_BEFORE_BACKUP',
  afterBackup: 'HOOK_AFTER_BACKUP',
  beforeRestore: 'HOOK_BEFORE_RESTORE',
  afterRestore: 'HOOK_AFTER_RESTORE',
};

/** Runs `commands` at their moments. */
export function createHookRunner(
  commands: Readonly<Partial<Record<HookMoment, HookCommand | null>>>,
  { timeoutMs }: HookOptions,
): RunHook {
  return async (run, signal) => {
    const command = commands[run.moment];
    if (!command) return;
    if (signal?.aborted) throw new CancelledError();
    const program = new HookProgram(command, run);
    const timeout = AbortSignal.timeout(timeoutMs);
    const end = await program.finish(signal ? AbortSignal.any([signal, timeout]) : timeout);
    if (signal?.aborted) throw new CancelledError();
    if (end.problem === null && !timeout.aborted) return;
    const problem = timeout.aborted
      ? `was ended, since it took more than ${timeoutMs / 1_000} seconds`
      : end.problem;
    const said = end.said === '' ? '' : `, and said: ${end.said}`;
    const name = `${VARIABLES[run.moment]} ("${basename(command[0])}")`;
    throw new AppError('HOOK_FAILED', `The hook ${name} ${problem}${said}`);
  };
}

/** One program while it runs. */
class HookProgram {
  readonly #child: ChildProcess;
  readonly #ended: Promise<string | null>;
  readonly #closed: Promise<unknown>;
  #output = '';

  constructor([path, ...args]: HookCommand, { operation, id, status, components }: HookRun) {
    this.#child = spawn(path, args, {
      cwd: '/',
      detached: true, // a group of its own
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...ENVIRONMENT,
        TILLVAULT_OPERATION: operation,
        TILLVAULT_ID: id,
        TILLVAULT_STATUS: status,
        TILLVAULT_COMPONENTS: components.join(','),
      },
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-OUTPUT_CHARACTERS);
      });
    }
    this.#closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(`cannot be started (${error.message})`));
      this.#child.once('exit', (code, signal) => {
        resolve(code === 0 ? null : `ended with ${code === null ? signal : `status ${code}`}`);
      });
    });
  }

  /** Waits for the end, and brings it about when `signal` aborts. Never rejects. */
  async finish(signal: AbortSignal): Promise<{ problem: string | null; said: string }> {
    const aborted = new AbortController();
    const abortion = signal.aborted
      ? Promise.resolve()
      : once(signal, 'abort', { signal: aborted.signal }).catch(() => {}); // it ended by itself
    await Promise.race([this.#ended, abortion]);
    aborted.abort();
    if (signal.aborted) await this.#end();
    const problem = await this.#ended;
    await settledWithin(this.#closed, LAST_WORDS_MS);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    return { problem, said: lastLines(this.#output) };
  }

  /** Ends the whole group: politely, then surely. */
  async #end(): Promise<void> {
    this.#kill('SIGTERM');
    await settledWithin(this.#closed, GRACE_MS);
    this.#kill('SIGKILL');
  }

  #kill(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      // Nobody of the group is left.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

async function settledWithin(promise: Promise<unknown>, ms: number): Promise<void> {
  const timer = new AbortController();
  const limit = wait(ms, undefined, { signal: timer.signal }).catch(() => {}); // `promise` was first
  await Promise.race([promise, limit]);
  timer.abort();
}

/** The end of what a program said, as one line without control characters. */
function lastLines(output: string): string {
  const lines = output.split(/[\r\n]+/).map((line) => line.replaceAll(/\p{Cc}+/gu, ' ').trim());
  const last = lines.filter((line) => line !== '').slice(-SHOWN_LINES);
  return last.join('; ').slice(-SHOWN_CHARACTERS);
}
