import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import type { CorpusSize } from '../corpora/corpus.js';
import { openCorpus } from '../corpora/corpus-cache.js';
import { type BenchReport, type BenchSession, type CommonOptions, runSession } from '../session.js';
import { measureQueries, printQueries, type QueryChoice } from './measure-queries.js';
import { measureSubscribers, printSubscribers } from './measure-subscribers.js';
import type { SubscriberChoice } from './subscribers.js';

/** The parts of the command. */
export const API_PARTS = ['queries', 'subscribers'] as const;
/** One of them. */
export type ApiPart = (typeof API_PARTS)[number];

/** How much is measured; a part that is absent is left out. */
export interface ApiChoice {
  corpusSize: CorpusSize;
  queries?: QueryChoice;
  subscribers?: SubscriberChoice & { rounds: number };
}

const SPREAD = { connectionsPerProcess: 25, subscriptionsPerConnection: 10 };
const FULL: Required<ApiChoice> = {
  corpusSize: 'full',
  queries: { rows: 10_000, questionsPerSecond: 50, idleQuestions: 1000 },
  subscribers: { processes: 4, ...SPREAD, rounds: 3 },
};
const QUICK: Required<ApiChoice> = {
  corpusSize: 'quick',
  queries: { rows: 10_000, questionsPerSecond: 50, idleQuestions: 500 },
  subscribers: { processes: 4, ...SPREAD, rounds: 1 },
};

/** `api`: whether the API stays quick while a backup runs. */
export function createApiCommand(): Command {
  return new Command('api')
    .description(
      '`backups` over 10,000 rows while a backup of the mix runs; 1,000 subscribers of its progress',
    )
    .addOption(new Option('--part <part>', 'only this part').choices(API_PARTS))
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<CommonOptions & { part?: ApiPart }>();
      const all = flags.quick ? QUICK : FULL;
      const choice =
        flags.part === undefined ? all : { corpusSize: all.corpusSize, [flags.part]: all[flags.part] };
      await runSession('api', flags, (session) => runApi(choice, session));
    });
}

/** Measures the parts that were chosen. */
export async function runApi(choice: ApiChoice, session: BenchSession): Promise<BenchReport> {
  const { signal, say } = session;
  const corpus = await openCorpus('mix', choice.corpusSize, { folder: session.corpusFolder, signal, say });
  const till = join(session.folder, 'till');
  await cp(corpus.root, till, { recursive: true, preserveTimestamps: true });
  const data: Record<string, unknown> = {};
  const lines: string[] = [];
  if (choice.queries) {
    const folder = join(session.folder, 'queries');
    await mkdir(folder);
    const results = await measureQueries(choice.queries, { till, folder }, session);
    data.queries = results;
    lines.push(`With ${choice.queries.rows} backups known:`, '', ...printQueries(results), '');
  }
  if (choice.subscribers) {
    const folder = join(session.folder, 'subscribers');
    await mkdir(folder);
    const results = await measureSubscribers(choice.subscribers, { till, folder }, session);
    data.subscribers = results;
    lines.push('Subscribers of one progress, on the same machine:', '', ...printSubscribers(results), '');
  }
  return { data: { api: data }, lines, programs: [`Node ${process.versions.node}`] };
}
