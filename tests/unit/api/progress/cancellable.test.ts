import { expect } from 'chai';
import { cancellable } from '../../../../src/api/progress/cancellable.js';
import { EventSource } from '../../../support/event-source.js';

describe('cancellable()', () => {
  it('passes events on until the source ends', async () => {
    const events = await cancellable(async function* () {
      yield 1;
      yield 2;
    });
    const seen: number[] = [];
    for await (const event of events) seen.push(event);
    expect(seen).to.deep.equal([1, 2]);
  });

  it('ends a source that waits for its next event', async () => {
    const source = new EventSource<number>();
    const events = await cancellable((signal) => source.subscribe(signal));
    const waiting = events.next();
    await events.return?.();
    expect([(await waiting).done, source.size]).to.deep.equal([true, 0]);
  });

  it('rejects when the source cannot be opened', async () => {
    const opened = cancellable(() => Promise.reject(new Error('no')));
    expect(await opened.catch((error: Error) => error.message)).to.equal('no');
  });
});
