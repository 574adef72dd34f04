/** What many subscribers of its progress cost a backup, and whether each of them gets everything. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnProgress } from '../../../src/cli/demo/tillvault-client.js';
import { TillvaultServer } from '../contestants/tillvault-server.js';
import { type Measurement, median } from '../measure/measurement.js';
import { printSeconds, printTable } from '../report/markdown-table.js';
import type { BenchSession } from '../session.js';
import type { SubscriberReport } from './subscriber-program.js';
import { countSubscribers, type SubscriberChoice, Subscribers } from './subscribers.js';

const MOST_SLOWDOWN = 1.05;

/** One backup, from its start to its end; CPU time and memory are those of the server, with what ran before it. */
export interface FollowedBackup extends Measurement {
  subscribers: number;
  /** Null without subscribers. */
  reports: SubscriberReport[] | null;
}

/** First backups on fresh servers: by turns without and with subscribers, `rounds` times. */
export async function measureSubscribers(
  choice: SubscriberChoice & { rounds: number },
  { till, folder }: { till: string; folder: string },
  { signal, say }: BenchSession,
): Promise<FollowedBackup[]> {
  const results: FollowedBackup[] = [];
  for (let round = 1; round <= choice.rounds; round++) {
    for (const isFollowed of round % 2 === 1 ? [false, true] : [true, false]) {
      const count = isFollowed ? countSubscribers(choice) : 0;
      say(`backup ${round} of ${choice.rounds} with ${count} subscribers`);
      const work = join(folder, `server-${round}-${count}`);
      {
        await using server = await TillvaultServer.start({ till, folder: work, signal });
        results.push(await backUpFollowed(server, isFollowed ? choice : null, signal));
      }
      await rm(work, { recursive: true, force: true, maxRetries: 3 });
    }
  }
  return results;
}

async function backUpFollowed(
  server: TillvaultServer,
  choice: SubscriberChoice | null,
  signal: AbortSignal,
): Promise<FollowedBackup> {
  await using subscribers = choice && (await Subscribers.connect(server, choice, signal));
  let following: Promise<SubscriberReport[]> | null = null;
  const beginToFollow: OnProgress = (step) => {
    if (following !== null || subscribers === null || !('backupId' in step)) return;
    following = subscribers.follow(step.backupId, signal);
    following.catch(() => {}); // awaited below, once the backup has ended
  };
  const { result, cpuSeconds, peakBytes } = await server.measure(async () => {
    // While the second waits for the first, everybody can subscribe. Plain and encrypted backups share nothing.
    const { promise: isQueued, resolve: tell } = Promise.withResolvers<void>();
    const before = server.client.backUp('before', () => tell(), { encrypt: false });
    await Promise.race([isQueued, before]);
    const [followed] = await Promise.all([server.client.backUp('followed', beginToFollow), before]);
    return followed;
  });
  return {
    seconds: (Date.parse(result.completedAt ?? '') - Date.parse(result.startedAt ?? '')) / 1000,
    cpuSeconds,
    peakBytes,
    subscribers: choice ? countSubscribers(choice) : 0,
    reports: await following,
  };
}

/** The results as a table, with the bars. */
export function printSubscribers(results: readonly FollowedBackup[]): string[] {
  const secondsOf = (isFollowed: boolean) =>
    median(results.filter(({ reports }) => (reports !== null) === isFollowed).map(({ seconds }) => seconds));
  const rows = results.map(({ subscribers, seconds, cpuSeconds, reports }) => [
    `${subscribers} subscribers`,
    printSeconds(seconds),
    printSeconds(cpuSeconds),
    printSeconds(sum(reports, 'cpuSeconds')),
    reports === null ? '–' : `${sum(reports, 'events')}`,
    reports === null ? '–' : `${sum(reports, 'complete')}`,
    reports === null ? '–' : Math.max(...reports.map(({ spreadSeconds }) => spreadSeconds)).toFixed(2),
  ]);
  const slowdown = secondsOf(true) / secondsOf(false);
  const heading = [
    'First backup',
    'seconds',
    'CPU seconds, both',
    'CPU seconds of subscribers',
    'events sent',
    'got everything',
    'last to first, s',
  ];
  const isComplete = results.every(
    (result) => result.reports === null || sum(result.reports, 'complete') === result.subscribers,
  );
  const problem = results
    .flatMap(({ reports }) => reports ?? [])
    .find((report) => report.problem !== null)?.problem;
  return [
    ...printTable([heading, ...rows]),
    '',
    `With subscribers a backup takes ${slowdown.toFixed(2)} × as long; wanted ≤ ${MOST_SLOWDOWN} ×: ${slowdown <= MOST_SLOWDOWN ? 'met' : 'MISSED'}.`,
    `Every subscriber got every event and change of status: ${isComplete ? 'met' : `MISSED (${problem})`}.`,
  ];
}

function sum(
  reports: readonly SubscriberReport[] | null,
  field: 'events' | 'complete' | 'cpuSeconds',
): number {
  return reports === null ? Number.NaN : reports.reduce((total, report) => total + report[field], 0);
}
