import type { WakeTimer } from '../../src/shared/wake-timer.js';
import type { FixedClock } from './fixed-clock.js';

/** A timer that rings when the clock that it goes by is moved, so that tests need not wait. */
export class ManualTimer implements WakeTimer {
  readonly #clock: FixedClock;
  readonly #waiting = new Set<{ atMs: number; ring: () => void }>();

  constructor(clock: FixedClock) {
    this.#clock = clock;
  }

  set(delayMs: number, ring: () => void): () => void {
    const entry = { atMs: this.#clock.monotonicMs() + delayMs, ring };
    this.#waiting.add(entry);
    return () => this.#waiting.delete(entry);
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Lets `ms` pass, ringing on the way, and gives what it starts the time that `settle` takes. */
  async pass(ms: number, settle: () => Promise<void>): Promise<void> {
    const endMs = this.#clock.monotonicMs() + ms;
    for (;;) {
      await settle();
      const [next] = [...this.#waiting].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#clock.advance(Math.max(0, next.atMs - this.#clock.monotonicMs()));
      this.#waiting.delete(next);
      next.ring();
    }
    this.#clock.advance(endMs - this.#clock.monotonicMs());
  }
}
