import { expect } from 'chai';
import fc from 'fast-check';
import type { PackId } from '../../../../src/engine/codec/ids.js';
import { ChunkIndex } from '../../../../src/engine/index/chunk-index.js';
import { GrowingUint32 } from '../../../../src/engine/index/growing-uint32.js';
import { encodePackTable } from '../../../../src/engine/pack/pack-table.js';
import { scaled } from '../../../support/scale.js';
import { createSeededBytes } from '../../../support/seeded-random.js';

const header = Buffer.alloc(44);

function packOf(number: number, ids: Buffer[][]) {
  const blocks = ids.map((chunks, at) => ({
    storedBytes: 100 + at,
    contentBytes: chunks.length * 10,
    chunks: chunks.map((id) => ({ id, sizeBytes: 10 })),
  }));
  const id = number.toString(16).padStart(64, '0') as PackId;
  return { id, sizeBytes: 1000, header, table: encodePackTable(blocks) };
}

function expectPlace(
  index: ChunkIndex,
  id: Buffer,
  expected: { pack: number; block: number; offset: number },
): void {
  const place = index.find(id);
  if (!place) throw new Error(`Chunk ${id.toString('hex')} is not found`);
  const block = index.blockPlace(place.block);
  expect(Number.parseInt(block.pack.id.slice(-8), 16)).to.equal(expected.pack);
  expect(block.segment).to.equal(expected.block);
  expect(place.offsetInBlock).to.equal(expected.offset);
}

describe('ChunkIndex', () => {
  it('answers as a Map does, for any packs', () => {
    const id = fc.oneof(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.nat(50).map((number) => Buffer.alloc(32, 0).fill(number, 0, 1)), // collide in the table
      fc.nat(50).map((number) => Buffer.alloc(32, 9).fill(number, 15, 16)), // differ in the last byte that counts
    );
    const packs = fc.array(
      fc.array(
        fc.array(
          id.map((bytes) => Buffer.from(bytes)),
          { maxLength: 30 },
        ),
        { maxLength: 5 },
      ),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(packs, (list) => {
        const index = new ChunkIndex();
        const oracle = new Map<string, { pack: number; block: number; offset: number }>();
        for (const [pack, blocks] of list.entries()) {
          index.addPack(packOf(pack, blocks), 'sealed');
          index.addPack(packOf(pack, blocks), 'sealed'); // passed over
          for (const [block, ids] of blocks.entries()) {
            for (const [at, each] of ids.entries()) {
              const key = each.toString('hex', 0, 16);
              if (!oracle.has(key)) oracle.set(key, { pack, block, offset: at * 10 });
            }
          }
        }
        expect(index.size).to.equal(oracle.size);
        for (const [key, place] of oracle) expectPlace(index, Buffer.from(key.padEnd(64, 'f'), 'hex'), place);
        expect(index.has(Buffer.alloc(32, 0xee))).to.equal(oracle.has('ee'.repeat(16)));
      }),
      { numRuns: scaled(100, 2000) },
    );
  });

  it('finds each of 100,000 chunks, and none that is not there, in about 30 bytes each', () => {
    const bytes = createSeededBytes('index');
    const ids = Array.from({ length: 100_000 }, () => bytes(32));
    const index = new ChunkIndex();
    for (let at = 0; at < ids.length; at += 1000) {
      const chunk = ids.slice(at, at + 1000);
      index.addPack(packOf(at / 1000, [chunk.slice(0, 300), chunk.slice(300)]), 'sealed');
    }
    expect(index.size).to.equal(ids.length);
    for (const [at, id] of ids.entries()) {
      const inPack = at % 1000;
      const block = inPack < 300 ? 0 : 1;
      const place = index.find(id)!;
      if (place.offsetInBlock !== (inPack - block * 300) * 10)
        throw new Error(`Chunk ${at} is in another place`);
    }
    for (let at = 0; at < 10_000; at++) expect(index.has(bytes(32))).to.equal(false);
  });
});

describe('GrowingUint32', () => {
  it('holds every word across its pages', () => {
    const words = new GrowingUint32();
    for (let at = 0; at < 50_000; at++) words.push((at * 2_654_435_761) >>> 0);
    expect(words.length).to.equal(50_000);
    for (let at = 0; at < 50_000; at++)
      if (words.get(at) !== (at * 2_654_435_761) >>> 0) throw new Error(`Word ${at} is wrong`);
  });
});
