/** Asks a server for pages of backups at a steady rate, whether or not it keeps up, and notes how long each took. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupsDocument, type BackupsQueryVariables } from '../../../graphql/generated/graphql.js';
import type { TillvaultServer } from '../contestants/tillvault-server.js';

/** What is asked, in turn: pages near and far, every order, every filter that has an index and one that has none. */
const QUESTIONS: readonly BackupsQueryVariables[] = [
  { page: 1, limit: 20 },
  { page: 1, limit: 20, filter: { status: ['FAILED'] } },
  { page: 40, limit: 20, sort: { field: 'NAME', direction: 'ASC' } },
  { page: 3, limit: 20, sort: { field: 'SIZE_BYTES', direction: 'DESC' } },
  { page: 200, limit: 20, sort: { field: 'CREATED_AT', direction: 'ASC' } },
  { page: 2, limit: 20, sort: { field: 'EXPIRES_AT', direction: 'ASC' }, filter: { status: ['COMPLETED'] } },
  { page: 1, limit: 20, filter: { search: 'till 3' } },
  { page: 1, limit: 20, filter: { component: 'FILES', pinned: true } },
];

/** How the server is asked. */
export interface LoadOptions {
  questionsPerSecond: number;
  /** Asks until this aborts, or `count` times. */
  until: AbortSignal;
  count: number;
}

/** @returns the time of each answer, in milliseconds @throws Error for an answer that is an error */
export async function askSteadily(server: TillvaultServer, options: LoadOptions): Promise<number[]> {
  const { questionsPerSecond, until, count } = options;
  const times: number[] = [];
  const open = new Set<Promise<void>>();
  const startedAt = performance.now();
  for (let number = 0; number < count && !until.aborted; number++) {
    const dueInMs = startedAt + (number * 1000) / questionsPerSecond - performance.now();
    if (dueInMs > 0) await sleep(dueInMs);
    const asking = ask(server, QUESTIONS[number % QUESTIONS.length]!).then((ms) => void times.push(ms));
    open.add(asking);
    asking.finally(() => open.delete(asking)).catch(() => {}); // the failure itself is awaited below
    if (open.size > MOST_OPEN) await Promise.race(open);
  }
  await Promise.all(open);
  return times;
}

/** A server that does not keep up is asked no more than so many questions at once. */
const MOST_OPEN = 50;

async function ask({ url, token }: TillvaultServer, variables: BackupsQueryVariables): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(new URL('/graphql', url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: BackupsDocument.toString(), variables }),
  });
  const answer = (await response.json()) as { data?: { backups?: { items: unknown[] } } };
  const elapsedMs = performance.now() - startedAt;
  if (!answer.data?.backups) throw new Error(`Expected a page of backups, found ${JSON.stringify(answer)}`);
  return elapsedMs;
}
