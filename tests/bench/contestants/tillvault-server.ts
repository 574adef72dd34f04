/** A Tillvault server over a till, as users run it, with what its process uses. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ServerProcess } from '../../../src/cli/demo/server-process.js';
import { TillvaultClient } from '../../../src/cli/demo/tillvault-client.js';
import { signToken } from '../../../src/cli/sign-token.js';
import { systemClock } from '../../../src/shared/clock.js';
import type { Measurement } from '../measure/measurement.js';
import { cpuSeconds, peakBytes, resetPeak, residentBytes } from '../measure/process-usage.js';

/** BACKUP_ENCRYPTION_KEY of the benchmark's servers. */
export const ENCRYPTION_KEY = 'an encryption key of the benchmark';
/** Of a server that opens a large repository on a busy machine; how long it took is measured. */
const START_LIMIT_MS = 600_000;
const TOKEN_SECRET = 'a secret of the benchmark, long enough to sign tokens with';

/** Where a server works. */
export interface ServerPlace {
  /** Absolute folder of the till. */
  till: string;
  /** Absolute folder of everything that is the server's own. */
  folder: string;
  signal: AbortSignal;
}

/** A running server. Everything that is asked of it goes through its API. */
export class TillvaultServer implements AsyncDisposable {
  readonly client: TillvaultClient;
  /** A token that is good for a day. */
  readonly token: string;
  /** Memory before it did anything, in bytes; null where the machine does not tell. */
  readonly idleBytes: number | null;
  readonly #process: ServerProcess;

  private constructor(process: ServerProcess, signal: AbortSignal) {
    this.#process = process;
    const claims = {
      subject: 'benchmark',
      role: 'ADMIN',
      expiresInSeconds: 86_400,
      issuer: null,
      audience: null,
    } as const;
    this.token = signToken(TOKEN_SECRET, claims, systemClock);
    this.client = new TillvaultClient(process.url, this.token, signal);
    this.idleBytes = residentBytes(process.pid);
  }

  static async start({ till, folder, signal }: ServerPlace): Promise<TillvaultServer> {
    await mkdir(folder, { recursive: true });
    const environment = {
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'warn',
      PATH: process.env.PATH ?? '',
      POS_ROOT: till,
      DATABASE_URL: 'file:./database/pos.db',
      BACKUP_ENCRYPTION_KEY: ENCRYPTION_KEY,
      JWT_SECRET: TOKEN_SECRET,
    };
    return new TillvaultServer(
      await ServerProcess.start({ folder, environment, signal, startLimitMs: START_LIMIT_MS }),
      signal,
    );
  }

  /** Where it listens. */
  get url(): URL {
    return this.#process.url;
  }

  /** The process. */
  get pid(): number {
    return this.#process.pid;
  }

  /** The folder of its repository, in the folder of a server. */
  static repositoryIn(folder: string): string {
    return join(folder, 'backups');
  }

  /** Measures the server while `work` goes on. Its memory does not count the processes that it starts for a moment. */
  async measure<T>(work: () => Promise<T>): Promise<Measurement & { result: T }> {
    resetPeak(this.pid);
    const cpuBefore = cpuSeconds(this.pid);
    const startedAt = performance.now();
    const result = await work();
    const seconds = (performance.now() - startedAt) / 1000;
    const cpuAfter = cpuSeconds(this.pid);
    return {
      result,
      seconds,
      cpuSeconds: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore,
      peakBytes: peakBytes(this.pid),
    };
  }

  /** Ends the server. May be called twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.#process.stop();
  }
}

/** What a follower of progress does who only wants the end. */
export function ignoreProgress(): void {}
