/**
 * A vendor's program while it runs: started without a shell, with an environment that holds only what it was given,
 * and always waited for, also when it is stopped. Holds the last 16 KiB of what it says on its standard error.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { KiB } from '../shared/bytes.js';
import { CancelledError, SourceError } from '../shared/errors.js';
import { toAppError } from './system-error.js';

const MESSAGE_BYTES = 16 * KiB;
/** A shorter secret is part of common words: striking those out would tell it, and no program repeats a password. */
const MIN_SECRET_LENGTH = 4;
/** What a program that is asked to end is given, before it is made to. */
const GRACE_MS = 700;
/** The same words on every machine, and nothing of the server's own environment. */
const ENVIRONMENT = { LC_ALL: 'C', LANG: 'C', PATH: '/usr/local/bin:/usr/bin:/bin' };

export interface ProgramOptions {
  args: readonly string[];
  /** Added to a minimal environment. */
  environment?: Readonly<Record<string, string>>;
  stdin: 'pipe' | 'ignore';
  /** A descriptor that the program sees as number 3; the caller closes it after the start. */
  descriptor?: number;
  signal?: AbortSignal;
  /** Never shown, should the program repeat them, unless they are shorter than 4 characters. */
  secrets: readonly string[];
}

/** How a program ended. */
export interface ProgramEnd {
  /** Null when a signal ended it, or when it never began. */
  code: number | null;
  /** What it said on its standard error, without secrets. */
  message: string;
  /** Why it could not be started. */
  startError: Error | null;
}

export class RunningProgram {
  readonly name: string;
  /** Resolves when the program has ended and its output is closed; never rejects. */
  readonly ended: Promise<ProgramEnd>;
  readonly #child: ChildProcess;
  readonly #secrets: readonly string[];
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.stop();
  #message = '';
  #hasEnded = false;
  #stopping: Promise<void> | null = null;

  constructor(path: string, { args, environment, stdin, descriptor, signal, secrets }: ProgramOptions) {
    this.name = basename(path);
    this.#secrets = secrets.filter(({ length }) => length >= MIN_SECRET_LENGTH);
    this.#signal = signal;
    try {
      this.#child = spawn(path, args, {
        env: { ...ENVIRONMENT, ...environment },
        stdio: [stdin, 'pipe', 'pipe', ...(descriptor === undefined ? [] : [descriptor])],
      });
    } catch (error) {
      throw toAppError(error, `${this.name} cannot be started`);
    }
    this.ended = this.#watch();
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** What it writes. Must be read to its end, or discarded with `resume()`. */
  get output(): Readable {
    return this.#child.stdout!;
  }

  /**
   * Waits for the end.
   * @throws CancelledError when the signal stopped it, SourceError from `explain` when it did not succeed
   */
  async succeed(explain: (end: ProgramEnd) => Error): Promise<void> {
    const end = await this.ended;
    if (this.#signal?.aborted) throw new CancelledError();
    if (this.#stopping !== null) throw new SourceError(`${this.name} was stopped before its end`);
    if (end.code !== 0) throw explain(end);
  }

  /**
   * Gives the program more to read, as fast as it reads. `bytes` may be reused when the promise has settled.
   * A program that has ended takes nothing more: how it ended says `succeed`.
   * @returns false then
   */
  async feed(bytes: Uint8Array): Promise<boolean> {
    if (this.#hasEnded || !this.#input.writable) return false;
    return new Promise((resolve) => {
      this.#input.write(bytes, (error) => resolve(error === null || error === undefined));
    });
  }

  /** Tells the program that there is nothing more to read. */
  endInput(): void {
    this.#input.end();
  }

  /** Ends the program at once and waits until it has. May be called twice, and after its end. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#hasEnded ? Promise.resolve() : this.#kill();
    await this.#stopping;
  }

  get #input(): Writable {
    return this.#child.stdin!;
  }

  async #kill(): Promise<void> {
    this.output.resume(); // what is still in the pipe would keep it open
    this.#child.kill('SIGTERM');
    const timer = new AbortController();
    const killLater = wait(GRACE_MS, undefined, { signal: timer.signal }).then(
      () => this.#forceEnd(),
      () => {}, // it ended in time
    );
    await this.ended;
    timer.abort();
    await killLater;
  }

  /** Programs that it started may hold its pipes open for longer: what they say is of no interest. */
  #forceEnd(): void {
    this.#child.kill('SIGKILL');
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  async #watch(): Promise<ProgramEnd> {
    const child = this.#child;
    let startError: Error | null = null;
    child.on('error', (error) => {
      startError = error;
    });
    // A program that ends early breaks the pipe; its exit status tells why.
    child.stdin?.on('error', () => {});
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#message = (this.#message + text).slice(-MESSAGE_BYTES);
    });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    this.#hasEnded = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    return { code: startError === null ? code : null, message: this.#scrub(this.#message), startError };
  }

  #scrub(text: string): string {
    return this.#secrets.reduce((scrubbed, secret) => scrubbed.replaceAll(secret, '***'), text).trim();
  }
}

/** Runs a short program to its end; `output` is what it writes on its standard output. */
export async function runProgram(
  path: string,
  args: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const program = new RunningProgram(path, { args, stdin: 'ignore', secrets: [] });
  let output = '';
  program.output.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(0, MESSAGE_BYTES);
  });
  const { code } = await program.ended;
  return { code, output };
}
