import { expect } from 'chai';
import { type OperationChange, OperationFeed } from '../../../src/services/operation-feed.js';
import type { BackupRecord } from '../../../src/shared/operation.js';

/** A change of the backup `id`, told apart by `storedBytes`. */
function change(id: string, storedBytes = 0): OperationChange {
  return { kind: 'backup', backup: { id, storedBytes } as BackupRecord };
}

describe('OperationFeed', () => {
  it('sends everything published after the subscription, in order', async () => {
    const feed = new OperationFeed();
    feed.publish(change('before'));
    const changes = feed.subscribe();
    feed.publish(change('a'));
    feed.publish(change('b'));
    expect((await changes.next()).value).to.deep.equal(change('a'));
    expect((await changes.next()).value).to.deep.equal(change('b'));
  });

  it('wakes a subscriber that waits', async () => {
    const feed = new OperationFeed();
    const waiting = feed.subscribe().next();
    feed.publish(change('a'));
    expect((await waiting).value).to.deep.equal(change('a'));
  });

  it('keeps no more than a thousand changes for a subscriber, and the newest of each operation', async () => {
    const feed = new OperationFeed();
    const changes = feed.subscribe();
    for (let time = 0; time < 5_000; time++) feed.publish(change(`backup ${time % 10}`, time));
    const seen: number[] = [];
    const close = () => feed.close();
    for (let place = 0; place < 1_000; place++) {
      const { value } = await changes.next();
      if (value?.kind === 'backup') seen.push(value.backup.storedBytes);
    }
    const next = changes.next();
    close();
    expect((await next).done).to.equal(true);
    expect(seen.slice(-10)).to.deep.equal(Array.from({ length: 10 }, (_, place) => 4_990 + place));
  });

  for (const [how, end] of [
    ['its signal aborts', (controller: AbortController) => controller.abort()],
    ['the feed is closed', (_controller: AbortController, feed: OperationFeed) => feed.close()],
  ] as const) {
    it(`ends a subscriber that waits when ${how}`, async () => {
      const feed = new OperationFeed();
      const controller = new AbortController();
      const waiting = feed.subscribe(controller.signal).next();
      end(controller, feed);
      expect((await waiting).done).to.equal(true);
    });
  }

  it('ends a subscriber that waits when it is closed by its reader', async () => {
    const changes = new OperationFeed().subscribe();
    const waiting = changes.next();
    await changes.return?.();
    expect((await waiting).done).to.equal(true);
  });

  it('tells observers of ends once each, and of nothing else', () => {
    const feed = new OperationFeed();
    const ends: unknown[] = [];
    feed.observeEnds((end) => ends.push(end));
    const end = change('a');
    feed.publish(change('a'));
    feed.publishEnd(end);
    feed.publish(end);
    expect(ends).to.deep.equal([end]);
  });
});
