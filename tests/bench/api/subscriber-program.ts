/**
 * Many subscribers in one process, over several connections. Says `ready` when all connections stand, reads the id of a
 * backup from standard input, subscribes to its progress from the first event on, and prints as JSON what came.
 * Arguments: address of the endpoint, token, connections, subscriptions on each.
 */
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { BackupProgressSubscription } from '../../../graphql/generated/graphql.js';
import { BackupProgressDocument } from '../../../graphql/generated/graphql.js';

const [url, token, connections, subscriptions] = process.argv.slice(2);
if (url === undefined || token === undefined) throw new Error('Expected an address and a token');

/** What one process of subscribers has seen. */
export interface SubscriberReport {
  subscribers: number;
  events: number;
  /** Subscribers that got every event, every change of status and the end. */
  complete: number;
  /** What was wrong with the first that did not. */
  problem: string | null;
  /** Between the first subscriber's last event and the last one's, in seconds. */
  spreadSeconds: number;
  cpuSeconds: number;
}

const EXPECTED = 'QUEUED RUNNING COMPLETED';

// The server and the backup come first: in reality the subscribers are other machines.
setPriority(constants.priority.PRIORITY_LOW);
const clients = await Promise.all(Array.from({ length: Number(connections) }, () => connect(url, token)));
process.stdout.write('ready\n');
const [id] = (await once(createInterface({ input: process.stdin }), 'line')) as [string];
const followed = await Promise.all(
  clients.flatMap((client) => Array.from({ length: Number(subscriptions) }, () => follow(client, id))),
);
await Promise.all(clients.map((client) => client.dispose()));
const problems = followed.map(({ problem }) => problem).filter((problem) => problem !== null);
const ends = followed.map(({ endedAt }) => endedAt);
const { user, system } = process.cpuUsage();
const report: SubscriberReport = {
  subscribers: followed.length,
  events: followed.reduce((sum, { events }) => sum + events, 0),
  complete: followed.length - problems.length,
  problem: problems[0] ?? null,
  spreadSeconds: (Math.max(...ends) - Math.min(...ends)) / 1000,
  cpuSeconds: (user + system) / 1e6,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
process.stdin.destroy();

function connect(address: string, bearer: string): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = createClient({
      url: address,
      webSocketImpl: WebSocket,
      lazy: false,
      retryAttempts: 0,
      connectionParams: { authorization: `Bearer ${bearer}` },
      onNonLazyError: reject,
      on: { connected: () => resolve(client) },
    });
  });
}

async function follow(client: Client, backupId: string) {
  const query = BackupProgressDocument.toString();
  const statuses: string[] = [];
  let [events, endedAt, problem] = [0, 0, null as string | null];
  for await (const { data, errors } of client.iterate<BackupProgressSubscription>({
    query,
    variables: { id: backupId, after: 0 },
  })) {
    if (!data) throw new Error(`Expected progress, found ${JSON.stringify(errors)}`);
    const { sequence, status } = data.backupProgress;
    events++;
    if (sequence !== events) problem ??= `event ${sequence} came as number ${events}`;
    if (statuses.at(-1) !== status) statuses.push(status);
    endedAt = performance.now();
  }
  if (statuses.join(' ') !== EXPECTED) problem ??= `expected ${EXPECTED}, found ${statuses.join(' ')}`;
  return { events, endedAt, problem };
}
