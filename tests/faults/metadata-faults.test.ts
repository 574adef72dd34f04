import { expect } from 'chai';
import { StorageError } from '../../src/shared/errors.js';
import { ADMIN, FULL, followToEnd, openServiceKit, type ServiceKit } from '../support/service-kit.js';

/** Makes the `nth` call of a method of `target` from now on, and `more` after it, fail as a database would. @returns how often it was called */
function failCalls(
  target: object,
  method: string,
  { nth, more }: { nth: number; more: number },
): () => number {
  const original = Reflect.get(target, method) as (...values: unknown[]) => unknown;
  let calls = 0;
  Reflect.set(target, method, (...values: unknown[]) => {
    calls += 1;
    if (calls < nth || calls > nth + more) return original.apply(target, values);
    return Promise.reject(
      new StorageError('SERVICE_UNAVAILABLE', 'The metadata database could not answer', { retryable: true }),
    );
  });
  return () => calls;
}

describe('a backup whose metadata cannot be stored', () => {
  let kit: ServiceKit;

  beforeEach(async () => {
    kit = await openServiceKit();
  });
  afterEach(() => kit.close());

  it('ends COMPLETED when the database answers again soon', async () => {
    const calls = failCalls(kit.metadata.backups, 'update', { nth: 2, more: 1 });
    const { id } = await kit.backups.create(ADMIN, FULL);
    const events = await followToEnd(kit.progress.backupProgress(id, 0));
    expect(events.at(-1)).to.include({ status: 'COMPLETED', phase: 'DONE' });
    expect(events.map(({ sequence }) => sequence)).to.deep.equal(events.map((_, place) => place + 1));
    expect(calls()).to.equal(4);
  });

  it('is COMPLETED after the next start when the database does not', async () => {
    failCalls(kit.metadata.backups, 'update', { nth: 2, more: 1_000 });
    const { id } = await kit.backups.create(ADMIN, FULL);
    while (kit.failures.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await kit.backups.get(id)).status).to.equal('RUNNING');
    kit = await kit.restart();
    expect((await kit.recovery.recover()).completed).to.equal(1);
    expect((await kit.backups.get(id)).status).to.equal('COMPLETED');
  });

  it('is not stored at all when it cannot be queued', async () => {
    failCalls(kit.metadata.progress, 'append', { nth: 1, more: 0 });
    const error = await kit.backups.create(ADMIN, FULL).catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'SERVICE_UNAVAILABLE');
    expect(await kit.metadata.backups.listStates()).to.deep.equal([]);
  });
});
