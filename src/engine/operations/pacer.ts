/** Gives other work its turn in a loop that would otherwise keep the thread: cancellation and progress depend on it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../shared/clock.js';
import { throwIfCancelled } from '../../shared/errors.js';

const TURN_MS = 15;

export class Pacer {
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  #lastTurnMs: number;

  constructor(clock: Clock, signal?: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#lastTurnMs = clock.monotonicMs();
  }

  /**
   * Returns at once when the thread was free a short while ago.
   * @throws CancelledError when the signal is aborted
   */
  async pause(): Promise<void> {
    throwIfCancelled(this.#signal);
    if (this.#clock.monotonicMs() - this.#lastTurnMs < TURN_MS) return;
    await nextTurn();
    this.#lastTurnMs = this.#clock.monotonicMs();
    throwIfCancelled(this.#signal);
  }
}
