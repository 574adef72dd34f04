/** What Tillvault must reach, as ratios of medians from one run on the same data. */
import type { Comparison } from '../compare.js';
import type { ContestantName, Step } from '../contestants/contestant.js';
import { type Figure, highestPeak, medianOf } from './summary.js';

/** A bar and what was measured. */
export interface BarResult {
  what: string;
  /** Such as `≥ 2.5 × faster`. */
  bar: string;
  measured: string;
  isMet: boolean;
}

/** How a figure of Tillvault must stand to somebody else's. */
interface Bar {
  what: string;
  step: Step;
  against: ContestantName;
  figure: Figure;
  /** `fasterBy`: the other takes at least so many times as long; `atMost`: it takes at most so many times the other's. */
  kind: 'fasterBy' | 'atMost';
  ratio: number;
}

const SECONDS = 'seconds';
const BARS: readonly Bar[] = [
  { what: 'first backup', step: 'first', against: 'restic', figure: SECONDS, kind: 'fasterBy', ratio: 2.5 },
  { what: 'first backup', step: 'first', against: 'pipeline', figure: SECONDS, kind: 'atMost', ratio: 1.3 },
  {
    what: 'nothing changed',
    step: 'unchanged',
    against: 'restic',
    figure: SECONDS,
    kind: 'fasterBy',
    ratio: 5,
  },
  {
    what: '1 % of pages changed',
    step: 'scattered',
    against: 'restic',
    figure: SECONDS,
    kind: 'fasterBy',
    ratio: 4,
  },
  {
    what: '1 % of pages changed: bytes',
    step: 'scattered',
    against: 'restic',
    figure: 'addedBytes',
    kind: 'atMost',
    ratio: 1,
  },
  {
    what: '1 % more sales',
    step: 'day',
    against: 'restic',
    figure: SECONDS,
    kind: 'fasterBy',
    ratio: 4,
  },
  {
    what: '1 % more sales: bytes',
    step: 'day',
    against: 'restic',
    figure: 'addedBytes',
    kind: 'atMost',
    ratio: 1,
  },
  {
    what: 'restore into a folder',
    step: 'restore',
    against: 'restic',
    figure: SECONDS,
    kind: 'fasterBy',
    ratio: 1.5,
  },
  {
    what: 'restore into a folder',
    step: 'restore',
    against: 'cp',
    figure: SECONDS,
    kind: 'atMost',
    ratio: 1.3,
  },
  {
    what: 'verify everything',
    step: 'verify',
    against: 'restic',
    figure: SECONDS,
    kind: 'fasterBy',
    ratio: 1,
  },
  {
    what: 'repository after the first backup',
    step: 'first',
    against: 'restic',
    figure: 'repositoryBytes',
    kind: 'atMost',
    ratio: 1,
  },
];
const MOST_MEMORY_BYTES = 300e6;

/** Every bar that could be measured. */
export function judge(comparison: Comparison): BarResult[] {
  const results = BARS.flatMap((bar) => judgeOne(comparison, bar) ?? []);
  const peak = highestPeak(comparison, 'tillvault');
  if (peak !== null) {
    results.push({
      what: 'peak memory of the process',
      bar: `≤ ${MOST_MEMORY_BYTES / 1e6} MB`,
      measured: `${(peak / 1e6).toFixed(0)} MB`,
      isMet: peak <= MOST_MEMORY_BYTES,
    });
  }
  return results;
}

function judgeOne(comparison: Comparison, bar: Bar): BarResult | null {
  const { step, figure, against, ratio, kind } = bar;
  const own = medianOf(comparison, 'tillvault', { step, figure });
  const other = medianOf(comparison, against, { step, figure });
  if (own === null || other === null) return null;
  const measured = kind === 'fasterBy' ? other / own : own / other;
  return {
    what: bar.what,
    bar: kind === 'fasterBy' ? `≥ ${ratio} × as fast as ${against}` : `≤ ${ratio} × ${against}`,
    measured: `${measured.toFixed(2)} ×`,
    isMet: kind === 'fasterBy' ? measured >= ratio : measured <= ratio,
  };
}
