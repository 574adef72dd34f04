import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { BLOCKS_AHEAD, ChunkReader } from '../../../../src/engine/repository/chunk-reader.js';
import { CHUNK_WRITER_BYTES, ChunkWriter } from '../../../../src/engine/repository/chunk-writer.js';
import { Repository } from '../../../../src/engine/repository/repository.js';
import { encodeReference } from '../../../../src/engine/snapshot/references.js';
import { KiB, MiB } from '../../../../src/shared/bytes.js';
import { systemClock } from '../../../../src/shared/clock.js';
import { MemoryStore } from '../../../../src/storage/memory-store.js';
import { CHEAP_KDF, expectCode, PASSPHRASE } from '../../../support/engine-till.js';
import { FaultyStore } from '../../../support/faulty-store.js';

async function createRepository() {
  const objects = new Map<string, Buffer>();
  const store = new FaultyStore(new MemoryStore(objects));
  const deps = { store, clock: systemClock, random: randomBytes, onWarning: () => {} };
  const open = (mayCreate: boolean) =>
    Repository.open(deps, { passphrase: PASSPHRASE, kdfCost: CHEAP_KDF, mayCreate });
  const keysOf = (prefix: string) => [...objects.keys()].filter((key) => key.startsWith(prefix));
  return { repository: await open(true), reopen: () => open(false), objects, store, keysOf };
}

const OPTIONS = { domain: 'sealed' as const, compressionLevel: 1 };

describe('ChunkWriter', () => {
  it('gives back what was added, after the repository is opened again', async () => {
    const { repository, reopen } = await createRepository();
    const chunks = [
      randomBytes(256 * KiB),
      Buffer.alloc(100_000, 'x'),
      Buffer.from('small'),
      randomBytes(MiB),
    ];
    const writer = new ChunkWriter(repository, OPTIONS);
    const references = Buffer.concat(
      chunks.map((chunk, at) =>
        encodeReference(writer.add(at % 2 ? 'data' : 'manifest', chunk), chunk.length),
      ),
    );
    await writer.commit();
    const reader = new ChunkReader(await reopen(), 'sealed');
    for (const [at, chunk] of chunks.entries())
      expect((await reader.read(references, at)).equals(chunk)).to.equal(true);
  });

  it('stores a chunk once within a session and across sessions', async () => {
    const { repository } = await createRepository();
    const chunk = randomBytes(10_000);
    const first = new ChunkWriter(repository, OPTIONS);
    for (let at = 0; at < 5; at++) first.add('data', chunk);
    await first.commit();
    const second = new ChunkWriter(repository, OPTIONS);
    second.add('data', chunk);
    await second.commit();
    expect(first.blockBytes).to.be.lessThan(10_100);
    expect(second.storedBytes).to.equal(0);
  });

  it('writes the index after every pack that it names', async () => {
    const { repository, store } = await createRepository();
    const order: string[] = [];
    const put = store.put.bind(store);
    store.put = async (key, pieces, options) => {
      await put(key, pieces, options);
      order.push(key.slice(0, key.indexOf('/')));
    };
    const writer = new ChunkWriter(repository, { ...OPTIONS, compressionLevel: null });
    for (let at = 0; at < 40; at++) {
      writer.add('data', randomBytes(MiB));
      if (writer.isBusy) await writer.drained();
    }
    await writer.commit();
    expect(order).to.deep.equal(['packs', 'packs', 'packs', 'index']);
  });

  it('removes every pack that no index names when it is aborted', async () => {
    const { repository, keysOf, reopen } = await createRepository();
    const writer = new ChunkWriter(repository, { ...OPTIONS, compressionLevel: null });
    for (let at = 0; at < 40; at++) {
      writer.add('data', randomBytes(MiB));
      if (writer.isBusy) await writer.drained();
    }
    expect(keysOf('packs/').length).to.be.greaterThan(0);
    await writer.abort();
    expect(keysOf('packs/')).to.deep.equal([]);
    expect((await reopen()).index.size).to.equal(0);
    await expectCode(writer.drained(), 'CANCELLED');
  });

  it('removes a pack whose storing failed after it was there', async () => {
    const { repository, keysOf, store } = await createRepository();
    const writer = new ChunkWriter(repository, OPTIONS);
    writer.add('data', randomBytes(1000));
    store.reset({ call: 1, afterDoing: true, code: 'SERVICE_UNAVAILABLE', forGood: false });
    await expectCode(writer.commit(), 'SERVICE_UNAVAILABLE');
    await writer.abort();
    expect(keysOf('packs/')).to.deep.equal([]);
  });

  it('keeps a pack that the index has learned of meanwhile', async () => {
    const { repository, keysOf, objects } = await createRepository();
    const before = new ChunkWriter(repository, OPTIONS);
    before.add('data', randomBytes(1000));
    await before.commit();
    const writer = new ChunkWriter(repository, { ...OPTIONS, compressionLevel: null });
    const references: Buffer[] = [];
    for (let at = 0; at < 20; at++) {
      const chunk = randomBytes(MiB);
      references.push(encodeReference(writer.add('data', chunk), chunk.length));
      if (writer.isBusy) await writer.drained();
    }
    await writer.drained();
    while (keysOf('packs/').length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    objects.set(`index/${'ab'.repeat(32)}`, Buffer.from('damaged: the packs are read instead'));
    await repository.refresh();
    await writer.abort();
    const reader = new ChunkReader(repository, 'sealed');
    for (const reference of references) if (reader.hasAll(reference)) await reader.read(reference, 0);
  });

  it('ends every later call with the first failure', async () => {
    const { repository, store } = await createRepository();
    const writer = new ChunkWriter(repository, OPTIONS);
    store.reset({ call: 1, afterDoing: false, code: 'INSUFFICIENT_STORAGE', forGood: false });
    writer.add('data', randomBytes(1000));
    await expectCode(writer.commit(), 'INSUFFICIENT_STORAGE');
    expect(() => writer.add('data', randomBytes(10)))
      .to.throw()
      .with.property('code', 'INSUFFICIENT_STORAGE');
    await expectCode(writer.flush(), 'INSUFFICIENT_STORAGE');
    await writer.abort();
    await expectCode(writer.drained(), 'INSUFFICIENT_STORAGE');
  });

  it('holds no more memory than it says, however slow the storage is', async function () {
    this.timeout(60_000);
    const { repository, store } = await createRepository();
    store.put = async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
    };
    const writer = new ChunkWriter(repository, { ...OPTIONS, compressionLevel: null });
    const chunk = randomBytes(MiB);
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    let most = 0;
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 0; at < 200; at++) {
      chunk.writeUInt32LE(at);
      writer.add('data', chunk);
      if (writer.isBusy) await writer.drained();
      collectGarbage();
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    await writer.abort();
    expect(most).to.be.lessThan(CHUNK_WRITER_BYTES);
  });
});

describe('ChunkReader', () => {
  async function stored(count: number) {
    const kit = await createRepository();
    const writer = new ChunkWriter(kit.repository, OPTIONS);
    const chunks = Array.from({ length: count }, () => randomBytes(256 * KiB));
    const references = Buffer.concat(
      chunks.map((chunk) => encodeReference(writer.add('data', chunk), chunk.length)),
    );
    await writer.commit();
    kit.store.reset(null);
    return { ...kit, references, chunks };
  }

  it('fetches a block once for all of its chunks', async () => {
    const { repository, references, store, chunks } = await stored(12);
    const reader = new ChunkReader(repository, 'sealed');
    let at = 0;
    for await (const chunk of reader.readAll(references)) expect(chunk.equals(chunks[at++]!)).to.equal(true);
    expect(at).to.equal(12);
    expect(store.calls).to.equal(3);
  });

  it('answers DATA_CORRUPTED when a chunk is of the other domain, unknown, or of another length', async () => {
    const { repository, references } = await stored(1);
    await expectCode(new ChunkReader(repository, 'plain').read(references, 0), 'DATA_CORRUPTED');
    const reader = new ChunkReader(repository, 'sealed');
    await expectCode(reader.read(encodeReference(randomBytes(32), 5), 0), 'DATA_CORRUPTED');
    const longer = Buffer.from(references);
    longer.writeUInt32LE(256 * KiB - 1, 32);
    await expectCode(reader.read(longer, 0), 'DATA_CORRUPTED');
  });

  it('answers DATA_CORRUPTED when an id agrees in its first half only', async () => {
    const { repository, references } = await stored(1);
    const forged = Buffer.from(references);
    forged[31]! ^= 1;
    await expectCode(new ChunkReader(repository, 'sealed').read(forged, 0), 'DATA_CORRUPTED');
  });

  it('names the pack that is missing', async () => {
    const { repository, references, objects, keysOf } = await stored(1);
    const [key] = keysOf('packs/');
    objects.delete(key!);
    const error = await expectCode(
      new ChunkReader(repository, 'sealed').read(references, 0),
      'DATA_CORRUPTED',
    );
    expect(key).to.include(error.details.pack);
  });

  it('holds no more memory than its cache and what is fetched ahead', async () => {
    const { repository, references } = await stored(400);
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    const reader = new ChunkReader(repository, 'sealed');
    let most = 0;
    let at = 0;
    for await (const _ of reader.readAll(references)) {
      if (at++ % 20 !== 0) continue;
      collectGarbage();
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    expect(most).to.be.lessThan((24 + 2 * BLOCKS_AHEAD) * 1.1 * MiB);
  });
});
