/**
 * Tells a monitor of each run of a schedule, in the manner of Healthchecks: `<pingUrl>/start` when it begins, `<pingUrl>`
 * when it completed, `<pingUrl>/fail` with a short text when it did not. Follows the announcements of operations, so
 * that no backup waits for a monitor. The URL is a secret: no message holds it.
 */
import pRetry from 'p-retry';
import type { ScheduleRepository } from '../../db/schedule-repository.js';
import { type BackupRecord, isBackupEnded } from '../../shared/operation.js';
import type { OperationFeed } from '../operation-feed.js';

/** What pings work with. */
export interface SchedulePingsDeps {
  schedules: Pick<ScheduleRepository, 'find'>;
  feed: Pick<OperationFeed, 'subscribe'>;
  /** Sends a request; `fetch`. */
  send: typeof fetch;
  /** Told of a ping that could not be delivered, with the id of the schedule. */
  onFailure(error: unknown, id: string): void;
}

export interface SchedulePingsOptions {
  /** Wait before the second attempt; doubled each time. */
  firstWaitMs: number;
  timeoutMs: number;
}

const DEFAULTS: SchedulePingsOptions = { firstWaitMs: 1_000, timeoutMs: 10_000 };
const RETRIES = 4;
const MAX_BODY_CHARACTERS = 1_000;
/** Answers that another attempt does not change. */
const isFinal = (status: number): boolean =>
  status >= 300 && status < 500 && status !== 408 && status !== 429;

/** Sends pings from `start` to `close`. */
export class SchedulePings {
  readonly #deps: SchedulePingsDeps;
  readonly #options: SchedulePingsOptions;
  readonly #closing = new AbortController();
  /** The last ping of each schedule: they arrive in their order. */
  readonly #last = new Map<string, Promise<void>>();
  #following: Promise<void> = Promise.resolve();

  constructor(deps: SchedulePingsDeps, options: SchedulePingsOptions = DEFAULTS) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Follows what is announced from now on. */
  start(): void {
    this.#following = this.#follow(this.#deps.feed.subscribe());
  }

  /** Gives what is being sent `graceMs` to arrive, once the feed is closed. May be called twice. */
  async close(graceMs: number): Promise<void> {
    const timeout = setTimeout(() => this.#closing.abort(), graceMs);
    await this.#following;
    await Promise.all(this.#last.values());
    clearTimeout(timeout);
  }

  async #follow(changes: ReturnType<OperationFeed['subscribe']>): Promise<void> {
    for await (const change of changes) {
      if (change.kind !== 'backup') continue;
      const { backup } = change;
      if (backup.scheduleId === null || backup.status === 'QUEUED') continue;
      this.#enqueue(backup.scheduleId, backup);
    }
  }

  #enqueue(scheduleId: string, backup: BackupRecord): void {
    const before = this.#last.get(scheduleId) ?? Promise.resolve();
    const ping = before.then(() => this.#ping(scheduleId, backup));
    this.#last.set(scheduleId, ping);
    void ping.then(() => {
      if (this.#last.get(scheduleId) === ping) this.#last.delete(scheduleId);
    });
  }

  /** Never rejects. */
  async #ping(scheduleId: string, backup: BackupRecord): Promise<void> {
    try {
      const pingUrl = (await this.#deps.schedules.find(scheduleId))?.pingUrl;
      if (!pingUrl) return;
      await pRetry(() => this.#send(toUrl(pingUrl, backup), toBody(backup)), {
        retries: RETRIES,
        minTimeout: this.#options.firstWaitMs,
        signal: this.#closing.signal,
        shouldRetry: ({ error }) => !(error instanceof PingRefused && isFinal(error.status)),
      });
    } catch (error) {
      this.#deps.onFailure(toFailure(error), scheduleId);
    }
  }

  async #send(url: string, body: string | null): Promise<void> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs);
    const response = await this.#deps.send(url, {
      method: body === null ? 'GET' : 'POST',
      ...(body === null ? {} : { body, headers: { 'content-type': 'text/plain; charset=utf-8' } }),
      redirect: 'manual',
      signal: AbortSignal.any([timeout, this.#closing.signal]),
    });
    await response.body?.cancel();
    if (!response.ok) throw new PingRefused(response.status);
  }
}

/** The monitor answered something else than success. */
class PingRefused extends Error {
  constructor(readonly status: number) {
    super(`The ping was answered with status ${status}`);
  }
}

function toUrl(pingUrl: string, { status }: BackupRecord): string {
  const url = new URL(pingUrl);
  const suffix = !isBackupEnded(status) ? '/start' : status === 'COMPLETED' ? '' : '/fail';
  if (suffix !== '') url.pathname = `${url.pathname.replace(/\/+$/, '')}${suffix}`;
  return url.href;
}

/** What went wrong, in few words; null when nothing did. */
function toBody({ name, status, error }: BackupRecord): string | null {
  if (error === null) return null;
  return `Backup '${name}' ${status}: ${error.message}`.slice(0, MAX_BODY_CHARACTERS);
}

/** `fetch` says little and may name the URL in what it says: only the reason is passed on. */
function toFailure(error: unknown): Error {
  if (error instanceof PingRefused) return error;
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  const why =
    error instanceof Error && error.name === 'TimeoutError'
      ? 'was not answered in time'
      : 'could not be sent';
  return new Error(`The ping ${why}${code}`);
}
