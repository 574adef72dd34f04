/** What one step of one contestant took. */
export interface Measurement {
  seconds: number;
  /** User and system time of every process of it; null where the machine does not tell. */
  cpuSeconds: number | null;
  /** The most memory at once, of several processes added up; null where the machine does not tell. */
  peakBytes: number | null;
}

/** The middle one of the values, or the mean of the middle two; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value that `share` of the values, such as 0.99, do not exceed; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
