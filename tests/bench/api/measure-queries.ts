/** How quickly `backups` is answered over many rows: idle, and while backups run one after the other. */

import { ignoreProgress, TillvaultServer } from '../contestants/tillvault-server.js';
import { percentile } from '../measure/measurement.js';
import { printTable } from '../report/markdown-table.js';
import type { BenchSession } from '../session.js';
import { prepareManyRows } from './many-rows.js';
import { askSteadily } from './query-load.js';

const MOST_RATIO = 2;

/** How much is measured. */
export interface QueryChoice {
  rows: number;
  questionsPerSecond: number;
  /** Questions while the server is idle. */
  idleQuestions: number;
}

/** Times of answers, in milliseconds. */
export interface QueryResult {
  when: string;
  questions: number;
  p50Ms: number;
  p99Ms: number;
}

/** @param till absolute folder of the till that is backed up meanwhile */
export async function measureQueries(
  choice: QueryChoice,
  { till, folder }: { till: string; folder: string },
  { signal, say }: BenchSession,
): Promise<QueryResult[]> {
  say(`making ${choice.rows} backups`);
  const rows = await prepareManyRows(folder, choice.rows);
  say('starting the server');
  await using server = await TillvaultServer.start({ till, folder, signal });
  const load = { questionsPerSecond: choice.questionsPerSecond, until: signal, count: choice.idleQuestions };
  say('warming up');
  await askSteadily(server, { ...load, count: choice.questionsPerSecond * 2 });
  say(`asking for pages of ${rows} backups, idle`);
  const idle = await askSteadily(server, load);
  say('asking while backups run');
  // Encrypted and plain backups share nothing, so each is a first one.
  const busy: number[] = [];
  for (const encrypt of [true, false]) {
    const ended = new AbortController();
    const backingUp = server.client
      .backUp('while asked', ignoreProgress, { encrypt })
      .finally(() => ended.abort());
    const until = AbortSignal.any([signal, ended.signal]);
    const [times] = await Promise.all([
      askSteadily(server, { ...load, until, count: Number.POSITIVE_INFINITY }),
      backingUp,
    ]);
    busy.push(...times);
  }
  return [summarize('idle', idle), summarize('while a backup runs', busy)];
}

function summarize(when: string, times: readonly number[]): QueryResult {
  return { when, questions: times.length, p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
}

/** The results as a table, with the bar. */
export function printQueries(results: readonly QueryResult[]): string[] {
  const [idle, busy] = results;
  const ratio = (busy?.p99Ms ?? Number.NaN) / (idle?.p99Ms ?? Number.NaN);
  const rows = results.map(({ when, questions, p50Ms, p99Ms }) => [
    when,
    `${questions}`,
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
  ]);
  return [
    ...printTable([['`backups`', 'questions', 'p50, ms', 'p99, ms'], ...rows]),
    '',
    `p99 while a backup runs is ${ratio.toFixed(2)} × the idle one; wanted ≤ ${MOST_RATIO} ×: ${ratio <= MOST_RATIO ? 'met' : 'MISSED'}.`,
  ];
}
