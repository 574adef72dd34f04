import { expect } from 'chai';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { MiB } from '../../src/shared/bytes.js';
import { scaled } from '../support/scale.js';
import { ServerProcess } from '../support/server-process.js';
import { makeToken } from '../support/tokens.js';

const SUBSCRIBERS = scaled(200, 1_000);
const CONNECTIONS = scaled(40, 1_000);
/** A thousand connections take about 100 MB on top of the server's own. */
const MAX_PEAK_BYTES = 400 * MiB;
const PROGRESS = 'subscription ($id: ID!) { backupProgress(id: $id, after: 0) { sequence status phase } }';

interface Step {
  sequence: number;
  status: string;
  phase: string;
}

/** Every event that `client` is sent of a backup. */
function follow(client: Client, id: string): Promise<Step[]> {
  const steps: Step[] = [];
  return new Promise((resolve, reject) => {
    client.subscribe<{ backupProgress: Step }>(
      { query: PROGRESS, variables: { id } },
      {
        next: ({ data, errors }) => (data ? void steps.push(data.backupProgress) : reject(errors)),
        error: reject,
        complete: () => resolve(steps),
      },
    );
  });
}

describe('many subscribers', function () {
  this.timeout(120_000);

  it(`sends all ${SUBSCRIBERS} followers of a backup every event`, async () => {
    await using server = await ServerProcess.start();
    const clients = Array.from({ length: CONNECTIONS }, () =>
      createClient({
        url: server.webSocketUrl,
        webSocketImpl: WebSocket,
        connectionParams: { authorization: `Bearer ${makeToken()}` },
        retryAttempts: 0,
      }),
    );
    const { data } = await server.query('mutation { createBackup(input: {}) { backup { id } } }');
    const { id } = data!.createBackup!.backup as { id: string };
    const all = await Promise.all(
      Array.from({ length: SUBSCRIBERS }, (_, place) => follow(clients[place % CONNECTIONS]!, id)),
    );
    const [first] = all;
    expect(first!.map(({ sequence }) => sequence)).to.deep.equal(first!.map((_, place) => place + 1));
    expect(first!.at(-1)).to.include({ status: 'COMPLETED', phase: 'DONE' });
    for (const steps of all) expect(steps).to.deep.equal(first);
    expect(server.memory().peakBytes).to.be.below(MAX_PEAK_BYTES);
    await Promise.all(clients.map((client) => client.dispose()));
  });
});
