import { expect } from 'chai';
import { persist } from '../../../src/services/persist.js';
import { NotFoundError, StorageError } from '../../../src/shared/errors.js';

/** Fails `failures` times before it answers. */
function createStore(failures: number, error: Error) {
  let calls = 0;
  return async () => {
    if (calls++ < failures) throw error;
    return calls;
  };
}

describe('persist()', () => {
  const full = new StorageError('INSUFFICIENT_STORAGE', 'full');
  const { signal } = new AbortController();

  it('tries again while the metadata has no room, and tells of each failure', async () => {
    const seen: unknown[] = [];
    const options = { signal, onFailure: (error: unknown) => void seen.push(error) };
    expect(await persist(createStore(2, full), options)).to.equal(3);
    expect(seen).to.deep.equal([full, full]);
  });

  it('throws at once what is no trouble of the database', async () => {
    const gone = new NotFoundError('gone');
    const outcome = await persist(createStore(1, gone), { signal, onFailure: () => {} }).catch(
      (error) => error,
    );
    expect(outcome).to.equal(gone);
  });
});
