import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AppError, CancelledError, invariant } from '../../shared/errors.js';

const PROGRAM = fileURLToPath(new URL('../../main.js', import.meta.url));
const READY = /listening on (https?:\/\/\S+)/;
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 20_000;
const KEPT_LINES = 30;

/** What the server is started with. */
export interface ServerOptions {
  /** The folder it is started in. */
  folder: string;
  /** Its whole environment: nothing is taken from this process. */
  environment: Readonly<Record<string, string>>;
  signal: AbortSignal;
  /** How long it may take to listen, in milliseconds. Default: 30 seconds. */
  startLimitMs?: number;
}

/** A Tillvault server in a process of its own, as `npm start` would run it. */
export class ServerProcess {
  /** Base address, such as `http://127.0.0.1:4000/`. */
  readonly url: URL;
  /** Id of the process. */
  readonly pid: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, url: URL) {
    invariant(process.pid, 'a process that has printed something has an id');
    this.#process = process;
    this.pid = process.pid;
    this.url = url;
  }

  /**
   * Starts a server and waits until it says where it listens.
   * @throws AppError with the server's last words when it ends first or takes longer than it may; CancelledError
   */
  static async start(options: ServerOptions): Promise<ServerProcess> {
    const { folder, environment, signal, startLimitMs = START_LIMIT_MS } = options;
    const child = spawn(process.execPath, [PROGRAM], {
      cwd: folder,
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lastLines: string[] = [];
    const patience = new AbortController();
    try {
      const ended = once(child, 'close', { signal: patience.signal }).then(() => 'ended' as const);
      const late = sleep(startLimitMs, 'late' as const, { signal: patience.signal });
      const cancelled = once(signal, 'abort', { signal: patience.signal }).then(() => 'cancelled' as const);
      const settled = [readUrl(child, lastLines), ended, late, cancelled];
      for (const promise of settled) promise.catch(() => undefined); // those that lose the race are told to give up
      const outcome = signal.aborted ? 'cancelled' : await Promise.race(settled);
      if (outcome instanceof URL) return new ServerProcess(child, outcome);
      await endProcess(child);
      if (outcome === 'cancelled') throw new CancelledError();
      const what =
        outcome === 'late'
          ? `did not start within ${startLimitMs / 1000} seconds`
          : 'ended before it listened';
      throw new AppError('SERVICE_UNAVAILABLE', [`The server ${what}`, ...lastLines].join('\n'));
    } finally {
      patience.abort();
    }
  }

  /** Asks the server to stop and waits for it, 20 seconds at most. May be called twice. */
  stop(): Promise<void> {
    return endProcess(this.#process);
  }
}

/** Resolves when the address is printed; both outputs are read to the end, so that the server never blocks on them. */
function readUrl(child: ChildProcess, lastLines: string[]): Promise<URL> {
  return new Promise((resolve) => {
    for (const output of [child.stdout, child.stderr]) {
      if (output === null) continue;
      createInterface({ input: output }).on('line', (line) => {
        lastLines.push(line);
        if (lastLines.length > KEPT_LINES) lastLines.shift();
        const address = READY.exec(line)?.[1];
        if (address !== undefined && URL.canParse(address)) resolve(new URL(address));
      });
    }
  });
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'exit');
  child.kill('SIGTERM');
  const limit = new AbortController();
  const late = sleep(STOP_LIMIT_MS, 'late' as const, { signal: limit.signal }).catch(
    () => 'stopped' as const,
  );
  if ((await Promise.race([closed, late])) === 'late') child.kill('SIGKILL');
  await closed;
  limit.abort();
}
