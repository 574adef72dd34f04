import { encode } from 'cborg';
import { expect } from 'chai';
import { readRecords } from '../../../../src/engine/snapshot/manifest-reader.js';
import { encodeRecord, type FileEnd, type ManifestRecord } from '../../../../src/engine/snapshot/record.js';
import { expectCode } from '../../../support/engine-till.js';

const metadata = (path: string) => ({
  path: Buffer.from(path, 'latin1'),
  mode: 0o644,
  mtimeNs: 0n,
  uid: 0,
  gid: 0,
});
const folder = (path: string): ManifestRecord => ({ kind: 'directory', ...metadata(path) });
const link = (path: string): ManifestRecord => ({
  kind: 'symlink',
  ...metadata(path),
  target: Buffer.from('t'),
});
const END: FileEnd = { sizeBytes: 0, checksum: Buffer.alloc(32) };
const file = (path: string, end: FileEnd | null = END): ManifestRecord => ({
  kind: 'file',
  ...metadata(path),
  identity: null,
  content: Buffer.alloc(0),
  end,
});
const content = (end: FileEnd | null = END): ManifestRecord => ({
  kind: 'content',
  content: Buffer.alloc(36),
  end,
});
const raw = (value: unknown): Buffer => {
  const body = encode(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([length, body]);
};

async function read(bytes: Buffer, pieceBytes = bytes.length): Promise<ManifestRecord[]> {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const records: ManifestRecord[] = [];
  for await (const record of readRecords(pieces())) records.push(record);
  return records;
}

const bytesOf = (...records: ManifestRecord[]) => Buffer.concat(records.map(encodeRecord));

describe('readRecords()', () => {
  const good = [
    folder('a'),
    file('a/x'),
    folder('a/y'),
    link('a/y/z'),
    file('a.txt', null),
    content(null),
    content(),
    file('b'),
  ];

  for (const pieceBytes of [1, 7, 1000]) {
    it(`reads what was written, in pieces of ${pieceBytes} bytes`, async () => {
      const records = await read(bytesOf(...good), pieceBytes);
      expect(records.map(({ kind }) => kind)).to.deep.equal(good.map(({ kind }) => kind));
    });
  }

  it('reads an empty manifest', async () => {
    expect(await read(Buffer.alloc(0))).to.deep.equal([]);
  });

  const refused: [what: string, bytes: Buffer][] = [
    ['entries out of order', bytesOf(file('b'), file('a'))],
    ['an entry that comes twice', bytesOf(file('a'), file('a'))],
    ['a file that is also a folder', bytesOf(folder('a'), file('a'))],
    ['a folder that comes after what follows it', bytesOf(file('a.txt'), folder('a'))],
    ['a part ".."', bytesOf(folder('a'), file('a/../b'))],
    ['the path ".."', bytesOf(file('..'))],
    ['the path "."', bytesOf(folder('.'))],
    ['a part "."', bytesOf(folder('a'), file('a/./b'))],
    ['an absolute path', bytesOf(file('/etc/passwd'))],
    ['a path that ends in a slash', bytesOf(folder('a'), file('a/'))],
    ['an empty part', bytesOf(folder('a'), file('a//b'))],
    ['an empty path', bytesOf(file(''))],
    ['a NUL byte', bytesOf(file('a\0b'))],
    ['a path above 16 KiB', bytesOf(file('x'.repeat(16_385)))],
    ['an entry without its folder', bytesOf(file('a/b'))],
    ['an entry deeper than its folder', bytesOf(folder('a'), file('a/b/c'))],
    ['an entry in a folder that was left', bytesOf(folder('a'), folder('b'), file('b/x'), file('a/x'))],
    ['a link as a folder', bytesOf(link('a'), file('a/b'))],
    ['a file as a folder', bytesOf(file('a'), file('a/b'))],
    ['content without a file', bytesOf(content())],
    ['content after a file that has ended', bytesOf(file('a'), content())],
    ['content after a folder', bytesOf(folder('a'), content())],
    ['a file that is not ended before the next entry', bytesOf(file('a', null), file('b'))],
    ['a file that is not ended at all', bytesOf(file('a', null), content(null))],
    ['a stream that is cut', bytesOf(...good).subarray(0, -1)],
    ['a stream that is cut within a length', Buffer.concat([bytesOf(file('a')), Buffer.from([1, 0])])],
    ['a record of 4 GiB', Buffer.from([255, 255, 255, 255, 0])],
    ['a record that is not CBOR', Buffer.from([1, 0, 0, 0, 0xff])],
    ['an unknown kind', raw([9, Buffer.from('a')])],
    ['no array', raw({ a: 1 })],
    ['a field too many', raw([1, Buffer.from('a'), 0, 0, 0, 0, 0])],
    ['a mode above 12 bits', raw([1, Buffer.from('a'), 0o10000, 0, 0, 0])],
    ['a path that is text', raw([1, 'a', 0, 0, 0, 0])],
    [
      'a reference that is cut',
      raw([3, Buffer.from('a'), 0, 0, 0, 0, null, Buffer.alloc(35), [0, Buffer.alloc(32)]]),
    ],
    [
      'more than 1024 references',
      raw([3, Buffer.from('a'), 0, 0, 0, 0, null, Buffer.alloc(1025 * 36), [0, Buffer.alloc(32)]]),
    ],
    [
      'a checksum of 31 bytes',
      raw([3, Buffer.from('a'), 0, 0, 0, 0, null, Buffer.alloc(0), [0, Buffer.alloc(31)]]),
    ],
    ['a size below 0', raw([3, Buffer.from('a'), 0, 0, 0, 0, null, Buffer.alloc(0), [-1, Buffer.alloc(32)]])],
    [
      'a size that is no integer',
      raw([3, Buffer.from('a'), 0, 0, 0, 0, null, Buffer.alloc(0), [1.5, Buffer.alloc(32)]]),
    ],
  ];
  for (const [what, bytes] of refused) {
    it(`refuses ${what}`, async () => {
      await expectCode(read(bytes), 'DATA_CORRUPTED');
    });
  }
});
