/** The only door to the time. Passed in wherever a moment is recorded, so that tests and golden files can fix it. */
export interface Clock {
  /** The present instant. */
  now(): Date;
  /** Milliseconds from an arbitrary start, never going back: for durations and rates. */
  monotonicMs(): number;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
