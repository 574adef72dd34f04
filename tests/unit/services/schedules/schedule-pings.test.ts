import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { OperationFeed } from '../../../../src/services/operation-feed.js';
import { SchedulePings } from '../../../../src/services/schedules/schedule-pings.js';
import type { BackupRecord } from '../../../../src/shared/operation.js';
import { makeBackup } from '../../../support/memory-services.js';

const FAST = { firstWaitMs: 5, timeoutMs: 300 };

describe('SchedulePings', () => {
  let server: Server;
  let requests: string[];
  let answers: (number | 'hang')[];
  let feed: OperationFeed;
  let failures: string[];
  let pingUrl: string | null;

  beforeEach(async () => {
    [requests, answers, failures] = [[], [], []];
    feed = new OperationFeed();
    server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        requests.push(`${request.method} ${request.url} ${body}`.trim());
        const answer = answers.shift() ?? 200;
        if (answer === 'hang') return;
        response.writeHead(answer, { location: '/elsewhere' }).end('x'.repeat(100_000));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    pingUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ping/5ec7e7?rid=1`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Announces changes, waits until every ping has been sent or given up, and answers what arrived. */
  async function announce(...changes: Partial<BackupRecord>[]): Promise<string[]> {
    const schedules = { find: async () => ({ pingUrl }) as never };
    const onFailure = (error: unknown): void => {
      failures.push(String(error));
    };
    const pings = new SchedulePings({ schedules, feed, send: fetch, onFailure }, FAST);
    pings.start();
    for (const change of changes) {
      feed.publish({
        kind: 'backup',
        backup: makeBackup({ name: 'Nightly 1', scheduleId: 'nightly', ...change }),
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    feed.close();
    await pings.close(5_000);
    return requests;
  }

  const error = { code: 'SOURCE_UNAVAILABLE', message: 'The database is gone' };

  it('tells the beginning and the end of a run, in this order', async () => {
    const sent = await announce({ status: 'QUEUED' }, { status: 'RUNNING' }, { status: 'COMPLETED' });
    expect(sent).to.deep.equal(['GET /ping/5ec7e7/start?rid=1', 'GET /ping/5ec7e7?rid=1']);
  });

  it('tells a failure with its message', async () => {
    expect(await announce({ status: 'FAILED', error })).to.deep.equal([
      "POST /ping/5ec7e7/fail?rid=1 Backup 'Nightly 1' FAILED: The database is gone",
    ]);
  });

  it('limits what it sends', async () => {
    const [sent = ''] = await announce({ status: 'FAILED', error: { ...error, message: 'x'.repeat(5_000) } });
    expect(sent.length).to.be.lessThan(1_100);
  });

  it('says nothing of backups that somebody asked for', async () => {
    expect(await announce({ scheduleId: null })).to.deep.equal([]);
  });

  it('sends nothing for a schedule without a URL', async () => {
    pingUrl = null;
    expect(await announce({ status: 'COMPLETED' })).to.deep.equal([]);
  });

  it('tries again after an error of the server and after silence', async () => {
    answers = [500, 429, 'hang'];
    expect((await announce({ status: 'COMPLETED' })).length).to.equal(4);
    expect(failures).to.deep.equal([]);
  });

  it('gives up after some attempts, and keeps the URL to itself', async () => {
    answers = [500, 500, 500, 500, 500, 500];
    expect((await announce({ status: 'COMPLETED' })).length).to.equal(5);
    expect(failures.join()).to.contain('status 500').and.not.to.contain('5ec7e7');
  });

  it('does not try again what is refused for good, and follows nobody elsewhere', async () => {
    answers = [404];
    await announce({ status: 'COMPLETED' });
    answers = [302];
    feed = new OperationFeed();
    expect((await announce({ status: 'COMPLETED' })).length).to.equal(2);
    expect(failures.length).to.equal(2);
  });

  it('keeps the URL to itself when nobody is there', async () => {
    await new Promise((resolve) => server.close(resolve));
    await announce({ status: 'COMPLETED' });
    expect(failures.join()).to.contain('could not be sent').and.not.to.contain('5ec7e7');
    server.listen(0, '127.0.0.1');
  });

  it('stops trying when the server stops', async () => {
    answers = Array.from({ length: 20 }, () => 'hang');
    const schedules = { find: async () => ({ pingUrl }) as never };
    const pings = new SchedulePings({ schedules, feed, send: fetch, onFailure: () => {} });
    pings.start();
    feed.publish({ kind: 'backup', backup: makeBackup({ scheduleId: 'nightly' }) });
    await new Promise((resolve) => setTimeout(resolve, 50));
    feed.close();
    const started = performance.now();
    await pings.close(100);
    expect(performance.now() - started).to.be.lessThan(2_000);
  });
});
