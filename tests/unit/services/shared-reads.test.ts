import { expect } from 'chai';
import { remembering, SharedReads } from '../../../src/services/shared-reads.js';

describe('SharedReads', () => {
  it('reads once for all that ask while it reads, and again afterwards', async () => {
    const reads = new SharedReads<number>();
    let count = 0;
    const read = async () => ++count;
    expect(await Promise.all([reads.read('a', read), reads.read('a', read)])).to.deep.equal([1, 1]);
    expect(await reads.read('a', read)).to.equal(2);
  });

  it('keeps different keys apart', async () => {
    const reads = new SharedReads<string>();
    const found = ['a', 'b'].map((key) => reads.read(key, async () => key));
    expect(await Promise.all(found)).to.deep.equal(['a', 'b']);
  });

  it('forgets a reading that failed', async () => {
    const reads = new SharedReads<number>();
    const failure = await reads.read('a', () => Promise.reject(new Error('gone'))).catch(String);
    expect(failure).to.equal('Error: gone');
    expect(await reads.read('a', async () => 1)).to.equal(1);
  });
});

describe('remembering()', () => {
  it('answers with one object for one object', () => {
    const convert = remembering(({ a }: { a: number }) => ({ b: a }));
    const from = { a: 1 };
    expect(convert(from)).to.equal(convert(from));
    expect(convert({ a: 1 })).to.deep.equal({ b: 1 });
    expect(convert({ a: 1 })).to.not.equal(convert(from));
  });
});
