/** The medians of a comparison. */
import type { Comparison, StepResult } from '../compare.js';
import type { ContestantName, Step } from '../contestants/contestant.js';
import { median } from '../measure/measurement.js';

/** Figures that can be asked for. */
export type Figure = 'seconds' | 'cpuSeconds' | 'peakBytes' | 'repositoryBytes' | 'addedBytes';

/** The median of a figure over the rounds; null when it was not measured. */
export function medianOf(
  { results }: Comparison,
  contestant: ContestantName,
  { step, figure }: { step: Step; figure: Figure },
): number | null {
  const values = results
    .filter((result) => result.contestant === contestant && result.step === step)
    .map((result) => result[figure])
    .filter((value) => value !== null);
  return values.length === 0 ? null : median(values);
}

/** The most memory of a contestant in any step of any round, in bytes. */
export function highestPeak({ results }: Comparison, contestant: ContestantName): number | null {
  const peaks = results
    .filter((result) => result.contestant === contestant)
    .map(({ peakBytes }) => peakBytes);
  return peaks.reduce<number | null>(
    (most, peak) => (peak === null ? most : Math.max(most ?? 0, peak)),
    null,
  );
}

/** True when somebody did this step. */
export function hasStep({ results }: Comparison, step: Step): boolean {
  return results.some((result: StepResult) => result.step === step);
}
