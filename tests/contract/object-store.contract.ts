import { expect } from 'chai';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { expectCode } from '../support/engine-till.js';

const BYTES = Buffer.from('0123456789');

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys.sort();
}

/** What every ObjectStore must do. `create` gives an empty store. */
export function describeObjectStore(name: string, create: () => Promise<ObjectStore>): void {
  describe(`${name} as an ObjectStore`, () => {
    let store: ObjectStore;
    beforeEach(async () => {
      store = await create();
    });

    describe('put()', () => {
      it('stores pieces side by side', async () => {
        await store.put('packs/ab/x1', [BYTES.subarray(0, 3), BYTES.subarray(3)]);
        expect(await store.get('packs/ab/x1')).to.deep.equal(BYTES);
      });

      it('stores an empty object', async () => {
        await store.put('keys/a', []);
        expect(await store.get('keys/a')).to.have.length(0);
      });

      it('replaces an object as a whole', async () => {
        await store.put('keys/a', [BYTES]);
        await store.put('keys/a', [Buffer.from('new')]);
        expect((await store.get('keys/a')).toString()).to.equal('new');
      });

      it('keeps what it was given when the caller uses the memory again', async () => {
        const piece = Buffer.from('before');
        await store.put('keys/a', [piece]);
        piece.fill(0);
        expect((await store.get('keys/a')).toString()).to.equal('before');
      });

      it('refuses a key that is taken when it must be absent', async () => {
        await store.put('config', [BYTES], { ifAbsent: true });
        await expectCode(store.put('config', [Buffer.from('other')], { ifAbsent: true }), 'CONFLICT');
        expect(await store.get('config')).to.deep.equal(BYTES);
      });

      it('lets one of several creators win', async () => {
        const attempts = Array.from({ length: 8 }, (_, at) =>
          store.put('config', [Buffer.from([at])], { ifAbsent: true }),
        );
        const outcomes = await Promise.allSettled(attempts);
        const winners = outcomes.flatMap(({ status }, at) => (status === 'fulfilled' ? [at] : []));
        expect(winners).to.have.length(1);
        expect(await store.get('config')).to.deep.equal(Buffer.from(winners));
      });
    });

    describe('get()', () => {
      it('answers NOT_FOUND for an object that is not there', async () => {
        await expectCode(store.get('keys/none'), 'NOT_FOUND');
        await expectCode(store.getRange('keys/none', 0, 1), 'NOT_FOUND');
      });

      it('gives bytes that the caller may change', async () => {
        await store.put('keys/a', [BYTES]);
        (await store.get('keys/a')).fill(0);
        (await store.getRange('keys/a', 0, 5)).fill(0);
        expect(await store.get('keys/a')).to.deep.equal(BYTES);
      });
    });

    describe('getRange()', () => {
      const cases: [offset: number, length: number, expected: string][] = [
        [0, 10, '0123456789'],
        [3, 4, '3456'],
        [0, 0, ''],
        [8, 100, '89'],
        [10, 1, ''],
        [50, 5, ''],
      ];
      for (const [offset, length, expected] of cases) {
        it(`gives "${expected}" for ${length} bytes from ${offset} on`, async () => {
          await store.put('keys/a', [BYTES]);
          expect((await store.getRange('keys/a', offset, length)).toString()).to.equal(expected);
        });
      }
    });

    describe('list()', () => {
      it('gives nothing for a folder that is not there', async () => {
        expect(await keysOf(store, 'keys/')).to.deep.equal([]);
      });

      it('gives every object below the folder with its size, and no other', async () => {
        for (const key of ['config', 'packs/ab/1', 'packs/cd/2', 'packsother/3', 'index/4'])
          await store.put(key, [BYTES]);
        const found: unknown[] = [];
        for await (const object of store.list('packs/')) found.push(object);
        expect(found).to.have.deep.members([
          { key: 'packs/ab/1', sizeBytes: 10 },
          { key: 'packs/cd/2', sizeBytes: 10 },
        ]);
      });

      it('goes on when objects are deleted meanwhile', async () => {
        for (const key of ['index/1', 'index/2', 'index/3']) await store.put(key, [BYTES]);
        for await (const _ of store.list('index/')) {
          for (const key of ['index/1', 'index/2', 'index/3']) await store.delete(key);
        }
        expect(await keysOf(store, 'index/')).to.deep.equal([]);
      });
    });

    describe('delete()', () => {
      it('removes an object', async () => {
        await store.put('keys/a', [BYTES]);
        await store.delete('keys/a');
        await expectCode(store.get('keys/a'), 'NOT_FOUND');
        expect(await keysOf(store, 'keys/')).to.deep.equal([]);
      });

      it('passes over an object that is not there', async () => {
        await store.delete('keys/none');
        await store.delete('nofolder/none');
      });
    });

    describe('probe()', () => {
      it('says what room there is, or that it cannot tell, and stores nothing', async () => {
        await store.put('keys/a', [BYTES]);
        const { freeBytes, totalBytes } = await store.probe();
        if (totalBytes !== null) expect(freeBytes).to.be.within(0, totalBytes);
        else expect(freeBytes).to.equal(null);
        expect(await keysOf(store, 'keys/')).to.deep.equal(['keys/a']);
      });
    });
  });
}
