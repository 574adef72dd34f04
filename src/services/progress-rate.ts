/** Over how long the rate is smoothed, in milliseconds: long enough to be read, short enough to be true. */
const SMOOTHING_MS = 3_000;
/** The shortest time that a rate is measured over, in milliseconds. */
const MIN_INTERVAL_MS = 50;

/** Bytes a second, smoothed exponentially over about three seconds. */
export class ProgressRate {
  #atMs: number;
  #bytes = 0;
  #bytesPerSecond: number | null = null;

  /** @param nowMs a monotonic moment, as for `measure` */
  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** Takes in that `bytes` were done at `nowMs`. @returns the rate, or null before it can be told */
  measure(bytes: number, nowMs: number): number | null {
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs < MIN_INTERVAL_MS) return this.#bytesPerSecond;
    const current = (Math.max(0, bytes - this.#bytes) / elapsedMs) * 1_000;
    const weight = this.#bytesPerSecond === null ? 1 : 1 - Math.exp(-elapsedMs / SMOOTHING_MS);
    this.#bytesPerSecond = weight * current + (1 - weight) * (this.#bytesPerSecond ?? 0);
    this.#atMs = nowMs;
    this.#bytes = bytes;
    return this.#bytesPerSecond;
  }
}
