import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { AlertMessageRecord } from '../../../src/db/alert-repository.js';
import { openMetadata } from '../../../src/db/metadata.js';
import type { Alert } from '../../../src/services/alert.js';
import { AlertDispatcher, type AlertSender } from '../../../src/services/alert-dispatcher.js';
import { AlertService } from '../../../src/services/alert-service.js';
import { StorageError } from '../../../src/shared/errors.js';
import { systemRandom } from '../../../src/shared/random.js';
import { FixedClock } from '../../support/fixed-clock.js';
import { ADMIN, codeOf } from '../../support/service-kit.js';

const HOUR_MS = 60 * 60 * 1_000;
const LOW: Alert = { kind: 'storage.low', subject: 'storage', message: 'Only 3 % is free' };
const FAST = { firstMs: 5, longestMs: 20, giveUpMs: HOUR_MS };

describe('AlertService', () => {
  let folder: string;
  let clock: FixedClock;
  let metadata: Awaited<ReturnType<typeof openMetadata>>;
  let delivered: AlertMessageRecord[];
  let failures: unknown[];
  let service: AlertService;

  beforeEach(async () => {
    clock = new FixedClock();
    folder = await mkdtemp(join(tmpdir(), 'tillvault-alerts-'));
    metadata = await openMetadata(`file:${join(folder, 'metadata.db')}`);
    delivered = [];
    failures = [];
    service = makeService((message) => delivered.push(message));
  });
  afterEach(async () => {
    await service.end();
    await metadata.close();
    await rm(folder, { recursive: true });
  });

  function makeService(deliver: ((message: AlertMessageRecord) => void) | null): AlertService {
    return new AlertService(
      {
        alerts: metadata.alerts,
        audit: { watch: async (_actor, _action, perform) => (await perform()).result },
        deliver,
        clock,
        random: systemRandom,
        onAlert: () => {},
        onFailure: (error) => failures.push(error),
      },
      { repeatMs: 24 * HOUR_MS },
    );
  }

  /** Raises and waits until it is stored. */
  async function raise(changes: Partial<Alert> = {}): Promise<void> {
    service.raise({ ...LOW, ...changes });
    await service.settled();
  }

  async function resolve(): Promise<void> {
    service.resolve(LOW.kind, LOW.subject);
    await service.settled();
  }

  const events = () => delivered.map(({ body }) => (JSON.parse(body) as { event: string }).event);

  it('tells of an alert once while it lasts, however often it is found', async () => {
    for (let time = 0; time < 5; time++) await raise();
    expect(events()).to.deep.equal(['alert.raised']);
    const { items } = await service.list({ page: 1, limit: 10 }, true);
    expect(items.map(({ count }) => count)).to.deep.equal([5]);
  });

  it('tells of it again after a while, and then not at once again', async () => {
    await raise();
    clock.advance(24 * HOUR_MS);
    await raise();
    await raise();
    expect(events()).to.deep.equal(['alert.raised', 'alert.repeated']);
  });

  it('tells of each kind and subject by itself', async () => {
    await raise();
    await raise({ subject: 'other' });
    await raise({ kind: 'backup.overdue' });
    expect(events()).to.have.length(3);
  });

  it('tells when it is over, once, and raises it anew after that', async () => {
    await raise();
    await resolve();
    await resolve();
    await raise();
    expect(events()).to.deep.equal(['alert.raised', 'alert.resolved', 'alert.raised']);
    expect((await service.list({ page: 1, limit: 10 }, false)).total).to.equal(1);
  });

  it('says nothing of the end of what never began', async () => {
    await resolve();
    expect(events()).to.deep.equal([]);
  });

  it('keeps alerts that nobody is to be told of', async () => {
    service = makeService(null);
    await raise();
    const { items } = await service.list({ page: 1, limit: 10 }, null);
    expect(items).to.have.length(1);
    expect(await service.findDelivery(items[0]!.id)).to.include({ state: 'NONE' });
    expect(await metadata.alerts.listPending(10)).to.deep.equal([]);
  });

  it('keeps a text that no database would take', async () => {
    await raise({ subject: 'a\0\ud800', message: 'x'.repeat(10_000) });
    const { items } = await service.list({ page: 1, limit: 10 }, null);
    expect(items[0]?.message).to.have.length(2_000);
    expect(failures).to.deep.equal([]);
  });

  it('stores what is raised while the database does not answer when it does again', async () => {
    const { raise: store } = metadata.alerts;
    let calls = 0;
    metadata.alerts.raise = (...call) => {
      calls += 1;
      if (calls === 1) return Promise.reject(new StorageError('SERVICE_UNAVAILABLE', 'Not now'));
      return store.apply(metadata.alerts, call);
    };
    await raise();
    expect(events()).to.deep.equal(['alert.raised']);
  });

  it('lets two that find it at once raise it once', async () => {
    const other = makeService((message) => delivered.push(message));
    service.raise(LOW);
    other.raise(LOW);
    await Promise.all([service.settled(), other.settled()]);
    expect(events()).to.deep.equal(['alert.raised']);
  });

  it('closes an alert for an administrator, and knows none that is not there', async () => {
    await raise();
    const { items } = await service.list({ page: 1, limit: 10 }, true);
    const closed = await service.close(ADMIN, items[0]!.id);
    expect(closed.resolvedAt).to.deep.equal(clock.now());
    expect(events()).to.deep.equal(['alert.raised', 'alert.resolved']);
    expect(await codeOf(service.close(ADMIN, 'none'))).to.equal('NOT_FOUND');
  });

  it('leaves an alert that was raised anew alone when the one before it is closed', async () => {
    await raise();
    const { items } = await service.list({ page: 1, limit: 10 }, true);
    await resolve();
    await raise();
    await service.close(ADMIN, items[0]!.id);
    expect((await service.list({ page: 1, limit: 10 }, true)).total).to.equal(1);
  });

  it('removes what was over 90 days ago, and only that', async () => {
    await raise();
    await raise({ subject: 'lasts' });
    await resolve();
    clock.advance(91 * 24 * HOUR_MS);
    await service.trim();
    const { items } = await service.list({ page: 1, limit: 10 }, null);
    expect(items.map(({ subject }) => subject)).to.deep.equal(['lasts']);
  });

  describe('with AlertDispatcher', () => {
    /** A sender that fails as often as it is told, and remembers what it took. */
    function makeSender(failuresFirst: number) {
      const taken: string[] = [];
      let attempts = 0;
      const sender: AlertSender = {
        send: async (body) => {
          attempts += 1;
          if (attempts <= failuresFirst) throw new Error('The answer was 500');
          taken.push((JSON.parse(body) as { event: string }).event);
        },
      };
      return { sender, taken, attempts: () => attempts };
    }

    const makeDispatcher = (sender: AlertSender, times = FAST) =>
      new AlertDispatcher(
        { alerts: metadata.alerts, sender, clock, onFailure: (error) => failures.push(error) },
        times,
      );

    async function endOf(state: string): Promise<AlertMessageRecord> {
      for (;;) {
        const { items } = await service.list({ page: 1, limit: 1 }, null);
        const message = items[0] && (await metadata.alerts.findLastMessage(items[0].id));
        if (message?.state === state) return message;
        await new Promise((done) => setTimeout(done, 5));
      }
    }

    it('tries until it is taken, and counts the attempts', async () => {
      const { sender, taken } = makeSender(3);
      const dispatcher = makeDispatcher(sender);
      service = makeService((message) => dispatcher.deliver(message));
      await raise();
      expect(await endOf('DELIVERED')).to.include({ attempts: 3, lastError: 'The answer was 500' });
      expect(taken).to.deep.equal(['alert.raised']);
      await dispatcher.close();
    });

    it('tells the end of an alert after its beginning, whatever fails', async () => {
      const { sender, taken } = makeSender(4);
      const dispatcher = makeDispatcher(sender);
      service = makeService((message) => dispatcher.deliver(message));
      await raise();
      await resolve();
      await endOf('DELIVERED');
      expect(taken).to.deep.equal(['alert.raised', 'alert.resolved']);
      await dispatcher.close();
    });

    it('takes up what was not delivered when the server ended', async () => {
      const broken = makeDispatcher(makeSender(Number.POSITIVE_INFINITY).sender, {
        ...FAST,
        firstMs: 60_000,
        longestMs: 60_000,
      });
      service = makeService((message) => broken.deliver(message));
      await raise();
      await broken.close();
      const { sender, taken } = makeSender(0);
      const next = makeDispatcher(sender);
      await next.start();
      await endOf('DELIVERED');
      expect(taken).to.deep.equal(['alert.raised']);
      await next.close();
    });

    it('gives up what nobody takes for too long, and says so', async () => {
      const { sender } = makeSender(Number.POSITIVE_INFINITY);
      const dispatcher = makeDispatcher(sender, { ...FAST, giveUpMs: 60 });
      service = makeService((message) => dispatcher.deliver(message));
      await raise();
      await endOf('ABANDONED');
      await dispatcher.close();
      expect(await metadata.alerts.count(new Date(0))).to.deep.equal({ open: 1, pending: 0, abandoned: 1 });
      expect(failures).to.have.length(1);
    });
  });
});
