import pRetry from 'p-retry';
import type { AlertMessageRecord, AlertRepository } from '../db/alert-repository.js';
import type { Clock } from '../shared/clock.js';
import { Lane } from '../shared/lane.js';

/** Makes one attempt to deliver a message; rejects when it was not taken. */
export interface AlertSender {
  send(body: string, signal: AbortSignal): Promise<void>;
}

/** What the dispatcher works with. */
export interface AlertDispatcherDeps {
  alerts: Pick<AlertRepository, 'listPending' | 'recordAttempt' | 'endMessage'>;
  sender: AlertSender;
  clock: Clock;
  /** Told of what could not be stored, and of messages that are given up. */
  onFailure(error: unknown): void;
}

/** When a message is tried again. */
export interface RetryTimes {
  /** Wait before the second attempt, in milliseconds; each is about twice the one before. */
  firstMs: number;
  longestMs: number;
  /** Age at which a message is given up. */
  giveUpMs: number;
}

const HOUR_MS = 60 * 60 * 1_000;
/** What a receiver that is down over a weekend still gets. */
export const RETRY_TIMES: RetryTimes = { firstMs: 2_000, longestMs: HOUR_MS, giveUpMs: 72 * HOUR_MS };

/** Messages that are taken up again when the server starts. */
const MAX_RESUMED = 1_000;

/**
 * Delivers messages that are stored, each until it was taken or is given up: at least once, and those of one alert
 * in their order. What is not delivered when the server ends is taken up by its next start.
 */
export class AlertDispatcher {
  readonly #deps: AlertDispatcherDeps;
  readonly #times: RetryTimes;
  readonly #closing = new AbortController();
  /** One attempt at a time, whatever the receiver does. */
  readonly #attempts = new Lane();
  /** By alert. */
  readonly #lanes = new Map<string, { lane: Lane; messages: number }>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(deps: AlertDispatcherDeps, times: RetryTimes = RETRY_TIMES) {
    this.#deps = deps;
    this.#times = times;
  }

  /** Takes up what an earlier run has left. To be called once, before `deliver`. */
  async start(): Promise<void> {
    for (const message of await this.#deps.alerts.listPending(MAX_RESUMED)) this.deliver(message);
  }

  /** Delivers a stored message. Returns at once. */
  deliver(message: AlertMessageRecord): void {
    const { alertId } = message;
    const entry = this.#lanes.get(alertId) ?? { lane: new Lane(), messages: 0 };
    entry.messages += 1;
    this.#lanes.set(alertId, entry);
    const done: Promise<void> = entry.lane
      .run(() => this.#deliver(message))
      .catch((error: unknown) => this.#deps.onFailure(error))
      .finally(() => {
        entry.messages -= 1;
        if (entry.messages === 0) this.#lanes.delete(alertId);
        this.#underWay.delete(done);
      });
    this.#underWay.add(done);
  }

  /** Breaks off attempts and waits for them. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#underWay);
  }

  async #deliver(message: AlertMessageRecord): Promise<void> {
    const { alerts, clock, onFailure } = this.#deps;
    const { signal } = this.#closing;
    if (signal.aborted) return;
    const { firstMs, longestMs, giveUpMs } = this.#times;
    const ageMs = Math.max(0, clock.now().getTime() - message.createdAt.getTime());
    try {
      await pRetry(() => this.#attempts.run(() => this.#attempt(message.body)), {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: firstMs,
        maxTimeout: longestMs,
        factor: 2,
        randomize: true,
        maxRetryTime: Math.max(1, giveUpMs - ageMs),
        signal,
        onFailedAttempt: ({ error }) => this.#note(message.id, error),
      });
    } catch (error) {
      if (signal.aborted) return; // stays PENDING for the next start
      await alerts.endMessage(message.id, 'ABANDONED', clock.now());
      onFailure(new Error('An alert could not be delivered and is given up', { cause: error }));
      return;
    }
    await alerts.endMessage(message.id, 'DELIVERED', clock.now());
  }

  async #attempt(body: string): Promise<void> {
    this.#closing.signal.throwIfAborted();
    await this.#deps.sender.send(body, this.#closing.signal);
  }

  async #note(id: string, error: Error): Promise<void> {
    if (this.#closing.signal.aborted) return;
    try {
      await this.#deps.alerts.recordAttempt(id, error.message);
    } catch (failure) {
      // The count is for people only; the next attempt is made all the same.
      this.#deps.onFailure(failure);
    }
  }
}
