import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { idOf, type PackId, type RepositoryId } from '../../../../src/engine/codec/ids.js';
import { createMasterKeys } from '../../../../src/engine/codec/key-object.js';
import { KeyRing } from '../../../../src/engine/codec/key-ring.js';
import { decodeHeader, HEADER_BYTES } from '../../../../src/engine/codec/object-header.js';
import { encodeRaw, openSegment } from '../../../../src/engine/codec/segment.js';
import { openIndexObject, sealIndexObject } from '../../../../src/engine/index/index-object.js';
import { PACK_BUFFER_BYTES, PackBuilder } from '../../../../src/engine/pack/pack-builder.js';
import { readPackTable } from '../../../../src/engine/pack/pack-reader.js';
import { type ChunkEntry, encodePackTable, visitPackTable } from '../../../../src/engine/pack/pack-table.js';
import { MiB } from '../../../../src/shared/bytes.js';
import { IntegrityError } from '../../../../src/shared/errors.js';
import { expectCode } from '../../../support/engine-till.js';

const keys = new KeyRing('ab'.repeat(32) as RepositoryId, createMasterKeys(randomBytes));

function chunksOf(...sizes: number[]): ChunkEntry[] {
  return sizes.map((sizeBytes) => ({ id: randomBytes(32), sizeBytes }));
}

function visited(table: Buffer) {
  const blocks: {
    index: number;
    offset: number;
    storedBytes: number;
    contentBytes: number;
    chunks: unknown[];
  }[] = [];
  const length = visitPackTable(table, {
    block: (index, offset, storedBytes, contentBytes) =>
      blocks.push({ index, offset, storedBytes, contentBytes, chunks: [] }),
    chunk: (bytes, at, offset, sizeBytes) =>
      blocks.at(-1)!.chunks.push([bytes.toString('hex', at, at + 32), offset, sizeBytes]),
  });
  return { blocks, length };
}

describe('pack table', () => {
  const blocks = [
    { storedBytes: 50, contentBytes: 30, chunks: chunksOf(10, 20) },
    { storedBytes: 99, contentBytes: 5, chunks: chunksOf(5) },
  ];
  const table = encodePackTable(blocks);

  it('is visited as it was written, and knows where it ends', () => {
    const { blocks: found, length } = visited(Buffer.concat([table, Buffer.from('next')]));
    const idAt = (block: number, chunk: number) =>
      Buffer.from(blocks[block]!.chunks[chunk]!.id).toString('hex');
    expect(length).to.equal(table.length);
    expect(found).to.deep.equal([
      {
        index: 0,
        offset: 0,
        storedBytes: 50,
        contentBytes: 30,
        chunks: [
          [idAt(0, 0), 0, 10],
          [idAt(0, 1), 10, 20],
        ],
      },
      { index: 1, offset: 50, storedBytes: 99, contentBytes: 5, chunks: [[idAt(1, 0), 0, 5]] },
    ]);
  });

  it('is refused when it is cut anywhere', () => {
    for (let length = 0; length < table.length; length++) {
      expect(() => visited(table.subarray(0, length)), `${length} bytes`).to.throw(IntegrityError);
    }
  });

  const lies: [what: string, offset: number, value: number][] = [
    ['4 billion blocks', 0, 0xffffffff],
    ['a block above 1 MiB', 8, MiB + 1],
    ['chunks that do not fill the block', 8, 31],
    ['4 billion chunks', 12, 0xffffffff],
  ];
  for (const [what, offset, value] of lies) {
    it(`is refused when it claims ${what}`, () => {
      const lying = Buffer.from(table);
      lying.writeUInt32LE(value, offset);
      expect(() => visited(lying)).to.throw(IntegrityError);
    });
  }
});

function buildPack(blockContents: Buffer[]) {
  const builder = new PackBuilder(keys, 'sealed', randomBytes, Buffer.alloc(PACK_BUFFER_BYTES));
  for (const content of blockContents) builder.addBlock(encodeRaw(content), chunksOf(content.length));
  const pack = builder.build();
  return { pack, stored: Buffer.concat(pack.pieces) };
}

describe('pack', () => {
  const contents = [Buffer.from('first block'), Buffer.from('second block')];
  const { pack, stored } = buildPack(contents);
  const read = (bytes: Buffer) => async (offset: number, length: number) =>
    bytes.subarray(offset, offset + length);

  it('is named by its bytes and says its size', () => {
    expect(pack.id).to.equal(idOf(stored));
    expect(pack.sizeBytes).to.equal(stored.length);
  });

  it('describes itself', async () => {
    const { pack: found, domain } = await readPackTable(keys, pack.id, stored.length, read(stored));
    expect(domain).to.equal('sealed');
    expect(found).to.deep.equal({
      id: pack.id,
      sizeBytes: stored.length,
      header: pack.header,
      table: pack.table,
    });
  });

  it('holds each block as the segment that its table says', () => {
    const context = keys.openObject(decodeHeader('pack', stored), stored.subarray(0, HEADER_BYTES));
    for (const { index, offset, storedBytes } of visited(pack.table).blocks) {
      const segment = stored.subarray(HEADER_BYTES + offset, HEADER_BYTES + offset + storedBytes);
      expect(openSegment(context, index, segment)!.payload).to.deep.equal(contents[index]);
    }
  });

  it('gives no table when a bit of its header, table or footer is flipped', async () => {
    const tableAt = stored.length - 4 - stored.readUInt32LE(stored.length - 4);
    for (let at = 0; at < stored.length; at++) {
      if (at >= HEADER_BYTES && at < tableAt) continue;
      const damaged = Buffer.from(stored);
      damaged[at]! ^= 1 << (at & 7);
      await expectCode(readPackTable(keys, pack.id, stored.length, read(damaged)), 'DATA_CORRUPTED');
    }
  });

  it('gives no table when it is cut', async () => {
    for (const length of [0, 3, 44, 47, 48, 60, stored.length - 1]) {
      await expectCode(
        readPackTable(keys, pack.id, length, read(stored.subarray(0, length))),
        'DATA_CORRUPTED',
      );
      await expectCode(
        readPackTable(keys, pack.id, stored.length, read(stored.subarray(0, length))),
        'DATA_CORRUPTED',
      );
    }
  });

  it('is full at 16 MiB, and stays under 64 MiB however small its chunks are', () => {
    const builder = new PackBuilder(keys, 'plain', randomBytes, Buffer.alloc(PACK_BUFFER_BYTES));
    const tiny = chunksOf(...Array<number>(20_000).fill(50));
    while (!builder.isFull)
      builder.addBlock({ codec: 'zstd', contentBytes: MiB, pieces: [Buffer.alloc(20_000)] }, tiny);
    expect(builder.build().sizeBytes).to.be.lessThan(64 * MiB);
  });
});

describe('index object', () => {
  const packs = [buildPack([Buffer.from('a')]), buildPack([Buffer.from('b'), Buffer.from('c')])].map(
    ({ pack }) => ({
      id: pack.id as PackId,
      sizeBytes: pack.sizeBytes,
      header: pack.header,
      table: pack.table,
    }),
  );
  const stored = sealIndexObject(keys, 'sealed', randomBytes, packs);

  it('gives the packs that it was made of', async () => {
    expect(await openIndexObject(keys, stored)).to.deep.equal({ domain: 'sealed', packs });
  });

  it('is refused when any byte is damaged or missing', async () => {
    for (let at = 0; at < stored.length; at++) {
      const damaged = Buffer.from(stored);
      damaged[at]! ^= 1 << (at & 7);
      await expectCode(openIndexObject(keys, damaged), 'DATA_CORRUPTED');
      await expectCode(openIndexObject(keys, stored.subarray(0, at)), 'DATA_CORRUPTED');
    }
  });
});
