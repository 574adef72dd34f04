import { expect } from 'chai';
import type { ProgressEvent } from '../../../src/db/progress-repository.js';
import { ProgressJournal } from '../../../src/services/progress-journal.js';
import { StorageError } from '../../../src/shared/errors.js';
import { codeOf } from '../../support/service-kit.js';

/** An event that only its sequence tells from others. */
const event = (sequence: number) => ({ operationId: 'one', sequence }) as ProgressEvent;

describe('ProgressJournal', () => {
  let stored: number[];
  let isDown: boolean;
  let failures: unknown[];
  let journal: ProgressJournal;

  beforeEach(() => {
    stored = [];
    isDown = false;
    failures = [];
    const append = async (events: readonly ProgressEvent[]) => {
      await new Promise(setImmediate);
      if (isDown) throw new StorageError('SERVICE_UNAVAILABLE', 'The metadata database could not answer');
      stored.push(...events.map(({ sequence }) => sequence));
    };
    const onFailure = (error: unknown) => failures.push(error);
    journal = new ProgressJournal(null, { progress: { append }, onFailure });
  });
  afterEach(() => journal.close());

  it('stores every event once and in order, also those that come while it stores', async () => {
    journal.add(event(1));
    const first = journal.flush();
    journal.add(event(2));
    const second = journal.flush();
    journal.add(event(3));
    await Promise.all([first, second, journal.flush()]);
    expect(stored).to.deep.equal([1, 2, 3]);
  });

  it('keeps what could not be stored', async () => {
    isDown = true;
    journal.add(event(1));
    expect(await codeOf(journal.flush())).to.equal('SERVICE_UNAVAILABLE');
    journal.add(event(2));
    isDown = false;
    await journal.flush();
    expect(stored).to.deep.equal([1, 2]);
  });

  it('stores by itself after a second, and tries again when it fails', async () => {
    isDown = true;
    journal.add(event(1));
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(failures.length).to.equal(1);
    isDown = false;
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(stored).to.deep.equal([1]);
  });

  it('answers from memory only what it has whole', async () => {
    for (const sequence of [1, 2, 3]) journal.add(event(sequence));
    expect(journal.readAfter(1, 10)).to.deep.equal([event(2), event(3)]);
    expect(journal.readAfter(0, 2)).to.deep.equal([event(1), event(2)]);
    await journal.flush();
    expect(journal.readAfter(1, 10)).to.equal(null);
    expect(journal.readAfter(3, 10)).to.deep.equal([]);
    journal.add(event(4));
    expect(journal.readAfter(2, 10)).to.equal(null);
    expect(journal.readAfter(3, 10)).to.deep.equal([event(4)]);
  });
});
