/** A comparison as people read it: Markdown that is made for a terminal too. */
import type { Comparison } from '../compare.js';
import { type ContestantName, STEPS, type Step } from '../contestants/contestant.js';
import { CORPUS_DESCRIPTIONS } from '../corpora/corpus.js';
import { judge } from './bars.js';
import { printMegabytes, printSeconds, printTable } from './markdown-table.js';
import { type Figure, hasStep, highestPeak, medianOf } from './summary.js';

const STEP_TITLES: Readonly<Record<Step, string>> = {
  first: 'first backup',
  unchanged: 'nothing changed',
  verify: 'verify everything',
  scattered: '1 % of pages changed',
  day: '1 % more sales',
  restore: 'restore into a folder',
  live: 'restore in the live place',
};

/** Everything about one corpus, as lines. */
export function printComparison(comparison: Comparison): string[] {
  const { corpus, rounds } = comparison;
  const size = `${corpus.files.toLocaleString('en-US')} files, ${(corpus.bytes / 1e6).toFixed(0)} MB`;
  return [
    `### ${corpus.name}`,
    '',
    `${CORPUS_DESCRIPTIONS[corpus.name]}: ${size}. Medians of ${rounds} ${rounds === 1 ? 'run' : 'runs'}.`,
    '',
    ...printFigures(comparison, 'Seconds', 'seconds'),
    '',
    ...printFigures(comparison, 'CPU seconds', 'cpuSeconds'),
    '',
    ...printFigures(comparison, 'Stored, MB', 'addedBytes', ['first', 'unchanged', 'scattered', 'day']),
    '',
    ...printContestants(comparison),
    ...printBars(comparison),
  ];
}

function printFigures(
  comparison: Comparison,
  title: string,
  figure: Figure,
  steps: readonly Step[] = STEPS,
): string[] {
  const { contestants } = comparison;
  const print = figure === 'addedBytes' ? printMegabytes : printSeconds;
  const row = (step: Step) => [
    STEP_TITLES[step],
    ...contestants.map(({ name }) => print(medianOf(comparison, name, { step, figure }))),
    ...(figure === 'seconds' ? [printRatio(comparison, step)] : []),
  ];
  const heading = [title, ...contestants.map((contestant) => contestant.title)];
  if (figure === 'seconds') heading.push('restic / Tillvault');
  return printTable([heading, ...steps.filter((step) => hasStep(comparison, step)).map(row)]);
}

function printRatio(comparison: Comparison, step: Step): string {
  const seconds = (name: ContestantName, at: Step) =>
    medianOf(comparison, name, { step: at, figure: 'seconds' });
  const own = seconds('tillvault', step);
  const other = seconds('restic', step === 'live' ? 'restore' : step);
  return own === null || other === null ? '–' : `${(other / own).toFixed(2)} ×`;
}

function printContestants(comparison: Comparison): string[] {
  const rows = comparison.contestants.map(({ name, title, idleBytes }) => [
    title,
    printMegabytes(medianOf(comparison, name, { step: 'first', figure: 'repositoryBytes' })),
    printMegabytes(highestPeak(comparison, name)),
    printMegabytes(idleBytes),
  ]);
  const heading = ['', 'first repository, MB', 'peak memory, MB', 'idle, MB'];
  const syncs = comparison.contestants.map((contestant) => `- ${contestant.title}: ${contestant.syncs}`);
  return [...printTable([heading, ...rows]), '', 'What has reached the disk when a step ends:', '', ...syncs];
}

/** The bars are stated for the mix; elsewhere the ratios are for orientation. */
function printBars(comparison: Comparison): string[] {
  const results = judge(comparison);
  if (comparison.corpus.name !== 'mix' || results.length === 0) return [];
  const rows = results.map(({ what, bar, measured, isMet }) => [
    what,
    bar,
    measured,
    isMet ? 'met' : 'MISSED',
  ]);
  return ['', ...printTable([['Bar', 'wanted', 'measured', ''], ...rows])];
}
