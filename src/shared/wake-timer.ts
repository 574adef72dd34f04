/** The only door to waiting for a moment. Passed in, so that tests need not sleep. */
export interface WakeTimer {
  /**
   * Calls `ring` once, after `delayMs` (at most 2^31 - 1).
   * @returns takes the call back; may be called after it was made
   */
  set(delayMs: number, ring: () => void): () => void;
}

/** The event loop's timer. */
export const systemWakeTimer: WakeTimer = {
  set: (delayMs, ring) => {
    const timeout = setTimeout(ring, delayMs);
    return () => clearTimeout(timeout);
  },
};
