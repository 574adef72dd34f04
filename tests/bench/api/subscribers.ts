/** Many subscribers of one backup's progress, in several processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CancelledError } from '../../../src/shared/errors.js';
import type { TillvaultServer } from '../contestants/tillvault-server.js';
import type { SubscriberReport } from './subscriber-program.js';

const PROGRAM = fileURLToPath(new URL('./subscriber-program.js', import.meta.url));

/** How many, and how they are spread. */
export interface SubscriberChoice {
  processes: number;
  connectionsPerProcess: number;
  subscriptionsPerConnection: number;
}

/** How many subscribers that are. */
export function countSubscribers(choice: SubscriberChoice): number {
  return choice.processes * choice.connectionsPerProcess * choice.subscriptionsPerConnection;
}

/** Processes of subscribers, connected and waiting to be told what to follow. */
export class Subscribers implements AsyncDisposable {
  readonly #children: { child: ChildProcess; lines: Interface }[];

  private constructor(children: { child: ChildProcess; lines: Interface }[]) {
    this.#children = children;
  }

  /** @returns when all connections stand */
  static async connect(
    server: TillvaultServer,
    choice: SubscriberChoice,
    signal: AbortSignal,
  ): Promise<Subscribers> {
    const url = new URL('/graphql', server.url);
    url.protocol = 'ws:';
    const words = [
      url.href,
      server.token,
      `${choice.connectionsPerProcess}`,
      `${choice.subscriptionsPerConnection}`,
    ];
    const children = Array.from({ length: choice.processes }, () => {
      const child = spawn(process.execPath, [PROGRAM, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
      return { child, lines: createInterface({ input: child.stdout }) };
    });
    const subscribers = new Subscribers(children);
    signal.addEventListener('abort', () => subscribers.#kill(), { once: true });
    try {
      await Promise.all(children.map((each) => readLine(each, signal)));
      return subscribers;
    } catch (error) {
      await subscribers[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Has every subscriber follow a backup to its end. @returns what each process has seen */
  async follow(backupId: string, signal: AbortSignal): Promise<SubscriberReport[]> {
    return Promise.all(
      this.#children.map(async (each) => {
        each.child.stdin?.write(`${backupId}\n`);
        return JSON.parse(await readLine(each, signal)) as SubscriberReport;
      }),
    );
  }

  /** Ends the processes. May be called twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    const running = this.#children.filter(
      ({ child }) => child.exitCode === null && child.signalCode === null,
    );
    const ended = running.map(({ child }) => once(child, 'exit'));
    this.#kill();
    await Promise.all(ended);
  }

  #kill(): void {
    for (const { child } of this.#children) child.kill('SIGKILL');
  }
}

/** @throws Error when the process ends instead; CancelledError */
async function readLine(
  { child, lines }: { child: ChildProcess; lines: Interface },
  signal: AbortSignal,
): Promise<string> {
  const done = new AbortController();
  try {
    const line = once(lines, 'line', { signal: done.signal }).then(([text]) => String(text));
    const ended = once(child, 'exit', { signal: done.signal }).then(([status]) => {
      if (signal.aborted) throw new CancelledError();
      throw new Error(`A process of subscribers ended with ${status}`);
    });
    for (const promise of [line, ended]) promise.catch(() => {}); // the one that loses the race is told to give up
    return await Promise.race([line, ended]);
  } finally {
    done.abort();
  }
}
