import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  type ChunkCutter,
  createContentCutter,
  pageRunCutter,
} from '../../../../src/engine/chunker/chunk-cutter.js';
import { createGearTable } from '../../../../src/engine/chunker/gear-chunker.js';
import { ContentStorer } from '../../../../src/engine/operations/content-storer.js';
import { ChunkWriter } from '../../../../src/engine/repository/chunk-writer.js';
import { Repository } from '../../../../src/engine/repository/repository.js';
import { MiB } from '../../../../src/shared/bytes.js';
import { systemClock } from '../../../../src/shared/clock.js';
import { MemoryStore } from '../../../../src/storage/memory-store.js';
import { CHEAP_KDF, PASSPHRASE } from '../../../support/engine-till.js';
import { scaled } from '../../../support/scale.js';
import { createSeededBytes } from '../../../support/seeded-random.js';

const CUTTERS: Record<string, ChunkCutter> = {
  content: createContentCutter(createGearTable(Buffer.alloc(32, 1))),
  pages: pageRunCutter,
};

/** A reader of `content` that returns as much as `sizes` say, over and over. */
function readerOf(content: Buffer, sizes: readonly number[]) {
  let at = 0;
  let turn = 0;
  return (buffer: Uint8Array): number => {
    const length = Math.min(buffer.length, content.length - at, sizes[turn++ % sizes.length]!);
    buffer.set(content.subarray(at, at + length));
    at += length;
    return length;
  };
}

describe('ContentStorer', () => {
  let repository: Repository;
  before(async () => {
    const deps = {
      store: new MemoryStore(),
      clock: systemClock,
      random: createSeededBytes('storer'),
      onWarning: () => {},
    };
    repository = await Repository.open(deps, { passphrase: PASSPHRASE, kdfCost: CHEAP_KDF, mayCreate: true });
  });

  for (const [name, cutter] of Object.entries(CUTTERS)) {
    it(`cuts ${name} in the same places however the content is read or pushed`, async function () {
      this.timeout(600_000);
      const size = fc.oneof(fc.constantFrom(0, 1, 65_536, 65_537, MiB, MiB + 1), fc.nat(3 * MiB));
      const sizes = fc.array(
        fc.oneof(fc.integer({ min: 500, max: 5000 }), fc.integer({ min: 1, max: 2 * MiB })),
        { minLength: 1, maxLength: 5 },
      );
      await fc.assert(
        fc.asyncProperty(size, sizes, fc.string(), async (length, reads, seed) => {
          const content = createSeededBytes(seed)(length);
          const writer = new ChunkWriter(repository, { domain: 'sealed', compressionLevel: null });
          const cuts = async (
            run: (
              storer: ContentStorer,
              onChunk: (id: Buffer, size: number) => Promise<void>,
            ) => Promise<unknown>,
          ) => {
            const found: string[] = [];
            await run(new ContentStorer(writer, 'data'), async (id, bytes) => {
              found.push(`${bytes} ${id.toString('hex')}`);
            });
            return found;
          };
          const whole = await cuts((storer, onChunk) =>
            storer.store(readerOf(content, [Number.POSITIVE_INFINITY]), cutter, onChunk, async () => {}),
          );
          const pieces = await cuts(async (storer, onChunk) => {
            const end = await storer.store(readerOf(content, reads), cutter, onChunk, async () => {});
            expect(end).to.deep.equal({
              sizeBytes: length,
              checksum: createHash('sha256').update(content).digest(),
            });
          });
          const pushed = await cuts(async (storer, onChunk) => {
            for (let at = 0, turn = 0; at < length; at += reads[turn++ % reads.length]!) {
              await storer.push(
                content.subarray(at, Math.min(length, at + reads[turn % reads.length]!)),
                cutter,
                onChunk,
              );
            }
            await storer.end(onChunk);
          });
          await writer.abort();
          expect(pieces).to.deep.equal(whole);
          expect(pushed).to.deep.equal(whole);
        }),
        { numRuns: scaled(12, 300) },
      );
    });
  }

  it('takes small pieces about as fast as large ones', async () => {
    const writer = new ChunkWriter(repository, { domain: 'sealed', compressionLevel: null });
    const storer = new ContentStorer(writer, 'manifest');
    const piece = Buffer.alloc(100);
    const startedAtMs = performance.now();
    for (let at = 0; at < 60_000; at++) {
      piece.writeUInt32LE(at);
      await storer.push(piece, CUTTERS.content!, async () => {});
    }
    await storer.end(async () => {});
    await writer.abort();
    expect(performance.now() - startedAtMs).to.be.lessThan(1500); // quadratic work would take ten times as long
  });
});
