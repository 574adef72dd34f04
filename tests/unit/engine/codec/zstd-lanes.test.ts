import { randomBytes } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { expect } from 'chai';
import type { Encoded } from '../../../../src/engine/codec/segment.js';
import { ZstdLanes } from '../../../../src/engine/codec/zstd-lanes.js';
import { MiB } from '../../../../src/shared/bytes.js';
import { scaled } from '../../../support/scale.js';
import { createSeededBytes, createSeededIntegers } from '../../../support/seeded-random.js';

function decode({ codec, pieces }: Encoded): Buffer {
  const bytes = Buffer.concat(pieces);
  return codec === 'zstd' ? zstdDecompressSync(bytes) : bytes;
}

/** Half noise, half repetition, so that frames of every length come about. */
function createBlock(bytes: (length: number) => Buffer, size: number, noise: number): Buffer {
  const block = Buffer.alloc(size, 'sale line;');
  bytes(Math.floor(size * noise)).copy(block);
  return block;
}

describe('ZstdLanes', () => {
  it('gives every block its own frame, however many are under way', async () => {
    const bytes = createSeededBytes('lanes');
    const integer = createSeededIntegers('lanes');
    const lanes = new ZstdLanes(1, 3);
    const blocks = Array.from({ length: scaled(60, 1000) }, () =>
      createBlock(bytes, 1 + integer(MiB), integer(100) / 100),
    );
    const encoded = await Promise.all(blocks.map((block) => lanes.encode(block)));
    lanes.close();
    for (const [at, block] of blocks.entries()) {
      expect(encoded[at]!.contentBytes).to.equal(block.length);
      expect(decode(encoded[at]!).equals(block), `block ${at}`).to.equal(true);
    }
  });

  for (const level of [1, 3, 9, 19]) {
    it(`compresses at level ${level}`, async () => {
      const lanes = new ZstdLanes(level, 1);
      const block = Buffer.alloc(200_000, 'receipt;');
      const encoded = await lanes.encode(block);
      lanes.close();
      expect(encoded.codec).to.equal('zstd');
      expect(decode(encoded).equals(block)).to.equal(true);
    });
  }

  it('leaves a block as it is when it does not become smaller', async () => {
    const lanes = new ZstdLanes(1, 1);
    const block = randomBytes(MiB);
    const encoded = await lanes.encode(block);
    const after = await lanes.encode(Buffer.alloc(5000));
    lanes.close();
    expect(encoded).to.deep.equal({ codec: 'none', contentBytes: MiB, pieces: [block] });
    expect(decode(after).equals(Buffer.alloc(5000))).to.equal(true);
  });

  it('stays within its memory at the highest level', async () => {
    const before = process.memoryUsage().rss;
    const lanes = new ZstdLanes(19, 3);
    const bytes = createSeededBytes('memory');
    await Promise.all(Array.from({ length: 3 }, () => lanes.encode(createBlock(bytes, MiB, 0.1))));
    const taken = process.memoryUsage().rss - before;
    lanes.close();
    expect(taken).to.be.lessThan(120 * MiB);
  });
});
