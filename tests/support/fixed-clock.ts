import type { Clock } from '../../src/shared/clock.js';

/** A clock that stands still until it is moved. */
export class FixedClock implements Clock {
  #nowMs: number;

  constructor(start = '2025-01-02T03:04:05.678Z') {
    this.#nowMs = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  advance(milliseconds: number): void {
    this.#nowMs += milliseconds;
  }
}
