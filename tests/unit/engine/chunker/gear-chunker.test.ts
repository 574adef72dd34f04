import { createCipheriv } from 'node:crypto';
import { expect } from 'chai';
import {
  createContentCutter,
  PAGE_RUN_BYTES,
  pageRunCutter,
  WHOLE_FILE_BYTES,
} from '../../../../src/engine/chunker/chunk-cutter.js';
import {
  createGearTable,
  cutChunk,
  MAX_CHUNK_BYTES,
  MIN_CHUNK_BYTES,
  NORMAL_CHUNK_BYTES,
} from '../../../../src/engine/chunker/gear-chunker.js';
import { MiB } from '../../../../src/shared/bytes.js';
import { createSeededBytes } from '../../../support/seeded-random.js';

const KEY = Buffer.alloc(32, 7);
const gear = createGearTable(KEY);

function cutAll(bytes: Buffer, table = gear): number[] {
  const lengths: number[] = [];
  for (let at = 0; at < bytes.length; at += lengths.at(-1)!)
    lengths.push(cutChunk(table, bytes, at, bytes.length));
  return lengths;
}

/** docs/format.md §6.2 once more, slowly and with BigInt. */
function slowCut(bytes: Buffer): number {
  const words = createCipheriv('aes-256-ctr', KEY, Buffer.alloc(16)).update(Buffer.alloc(1024));
  let hash = 0n;
  for (let at = MIN_CHUNK_BYTES; at < Math.min(bytes.length, MAX_CHUNK_BYTES); at++) {
    hash = ((hash << 1n) + BigInt(words.readUInt32LE(bytes[at]! * 4))) & 0xffffffffn;
    const mask = at < NORMAL_CHUNK_BYTES ? 0xffffc000n : 0xfffc0000n;
    if ((hash & mask) === 0n) return at + 1;
  }
  return Math.min(bytes.length, MAX_CHUNK_BYTES);
}

describe('gear chunker', () => {
  const bytes = createSeededBytes('gear')(12 * MiB);
  const lengths = cutAll(bytes);

  it('cuts where docs/format.md says', () => {
    for (let at = 0; at < 8; at++) {
      const start = at * MiB;
      expect(cutChunk(gear, bytes, start, bytes.length)).to.equal(
        slowCut(bytes.subarray(start, start + MAX_CHUNK_BYTES)),
      );
    }
  });

  it('keeps chunks between the minimum and the maximum, near the normal size', () => {
    for (const length of lengths.slice(0, -1))
      expect(length).to.be.within(MIN_CHUNK_BYTES + 1, MAX_CHUNK_BYTES);
    expect(bytes.length / lengths.length).to.be.within(NORMAL_CHUNK_BYTES / 2, NORMAL_CHUNK_BYTES * 2);
  });

  it('takes what is left when it is not more than the minimum', () => {
    expect(cutChunk(gear, bytes, 0, MIN_CHUNK_BYTES)).to.equal(MIN_CHUNK_BYTES);
    expect(cutChunk(gear, bytes, 5, 6)).to.equal(1);
  });

  it('cuts elsewhere under another key', () => {
    expect(cutAll(bytes, createGearTable(Buffer.alloc(32, 8))).slice(0, 20)).not.to.deep.equal(
      lengths.slice(0, 20),
    );
  });

  it('finds the same cuts again behind an insertion', () => {
    const ends = (list: number[], shift: number) =>
      list.map((_, at) => list.slice(0, at + 1).reduce((a, b) => a + b) - shift);
    const inserted = Buffer.concat([bytes.subarray(0, 1000), Buffer.from('inserted'), bytes.subarray(1000)]);
    const before = new Set(ends(lengths, 0));
    const kept = ends(cutAll(inserted), 8).filter((end) => before.has(end));
    expect(kept.length / lengths.length).to.be.greaterThan(0.9);
  });
});

describe('chunk cutters', () => {
  const content = createContentCutter(gear);
  const bytes = createSeededBytes('cutter')(MiB);

  it('takes a file of up to 64 KiB whole, and a rest of that size as any other', () => {
    expect(content.cut(bytes, 0, WHOLE_FILE_BYTES, true)).to.equal(WHOLE_FILE_BYTES);
    expect(content.cut(bytes, 0, WHOLE_FILE_BYTES + 1, true)).to.equal(
      cutChunk(gear, bytes, 0, WHOLE_FILE_BYTES + 1),
    );
    expect(content.cut(bytes, 0, WHOLE_FILE_BYTES, false)).to.equal(
      cutChunk(gear, bytes, 0, WHOLE_FILE_BYTES),
    );
  });

  it('cuts pages in runs of 32 KiB', () => {
    expect(pageRunCutter.cut(bytes, 0, MiB, true)).to.equal(PAGE_RUN_BYTES);
    expect(pageRunCutter.cut(bytes, MiB - 5, MiB, false)).to.equal(5);
  });
});
