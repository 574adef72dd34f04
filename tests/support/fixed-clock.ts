import type { Clock } from '../../src/shared/clock.js';

/** A clock that stands still until it is moved. */
export class FixedClock implements Clock {
  #nowMs: number;
  #elapsedMs: number;

  constructor(start = '2025-01-02T03:04:05.678Z') {
    this.#nowMs = Date.parse(start);
    this.#elapsedMs = this.#nowMs;
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  /** Lets time pass. */
  advance(milliseconds: number): void {
    this.#nowMs += milliseconds;
    this.#elapsedMs += milliseconds;
  }

  /** Puts the clock to another time, as an administrator or a time server does: no time passes. */
  put(instant: string): void {
    this.#nowMs = Date.parse(instant);
  }
}
