import { expect } from 'chai';
import fc from 'fast-check';
import { PathSelection } from '../../../../src/engine/snapshot/path-selection.js';
import { comparePaths, isPathWithin, parsePath, printPath } from '../../../../src/engine/snapshot/paths.js';
import type { ManifestRecord } from '../../../../src/engine/snapshot/record.js';
import { AppError } from '../../../../src/shared/errors.js';

const metadata = { mode: 0o644, mtimeNs: 0n, uid: 0, gid: 0 };
const end = { sizeBytes: 0, checksum: Buffer.alloc(32) };

function folder(path: string): ManifestRecord {
  return { kind: 'directory', path: Buffer.from(path), ...metadata };
}

function file(path: string): ManifestRecord {
  return {
    kind: 'file',
    path: Buffer.from(path),
    ...metadata,
    identity: null,
    content: Buffer.alloc(0),
    end,
  };
}

async function* records(all: readonly ManifestRecord[], onRead: () => void = () => {}) {
  for (const record of all) {
    onRead();
    yield record;
  }
}

async function filter(
  wanted: string[],
  all: readonly ManifestRecord[],
  onRead?: () => void,
): Promise<string[]> {
  const found: string[] = [];
  for await (const record of PathSelection.parse(wanted).filter(records(all, onRead)))
    found.push('path' in record ? record.path.toString() : '…');
  return found;
}

const TREE = [
  folder('files'),
  folder('files/a'),
  file('files/a/1'),
  file('files/a/2'),
  file('files/a.txt'),
  folder('files/b'),
  { ...(file('files/b/large') as Extract<ManifestRecord, { kind: 'file' }>), end: null },
  { kind: 'content', content: Buffer.alloc(0), end } as const,
  file('files/c'),
  file('files/d'),
];

describe('PathSelection', () => {
  it('takes a file with the folders above it', async () => {
    expect(await filter(['files/a/2'], TREE)).to.deep.equal(['files', 'files/a', 'files/a/2']);
  });

  it('takes a folder with everything in it, and not what only begins like it', async () => {
    expect(await filter(['files/a/'], TREE)).to.deep.equal(['files', 'files/a', 'files/a/1', 'files/a/2']);
  });

  it('takes every record of a large file', async () => {
    expect(await filter(['files/b/large'], TREE)).to.deep.equal(['files', 'files/b', 'files/b/large', '…']);
  });

  it('takes nothing for a path below a file', async () => {
    expect(await filter(['files/c/1'], TREE)).to.deep.equal(['files']);
  });

  it('reads no further than it must', async () => {
    let read = 0;
    await filter(['files/a/1'], TREE, () => read++);
    expect(read).to.equal(4);
  });

  it('keeps the outermost of nested paths, in manifest order', () => {
    const { paths } = PathSelection.parse(['files/b', 'files/a/1', 'files/a', 'files/b']);
    expect(paths.map(String)).to.deep.equal(['files/a', 'files/b']);
  });

  for (const path of ['', '/', '/etc', 'a//b', '..', 'a/../b', './a', 'a\0', 'a\\b', '\\x2g']) {
    it(`refuses ${JSON.stringify(path)}`, () => {
      expect(() => PathSelection.parse([path]))
        .to.throw(AppError)
        .with.property('code', 'BAD_USER_INPUT');
    });
  }
});

describe('printPath() and parsePath()', () => {
  it('are each other’s inverse for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const printed = printPath(bytes);
        expect(parsePath(printed).equals(bytes)).to.equal(true);
        expect(printed).not.to.match(/\p{Cc}/u);
      }),
    );
  });

  it('leave text as it is', () => {
    expect(printPath(Buffer.from('files/Müller & Söhne/日本 100%.txt'))).to.equal(
      'files/Müller & Söhne/日本 100%.txt',
    );
    expect(printPath(Buffer.from('\uFFFD'))).to.equal('\uFFFD');
  });
});

describe('isPathWithin()', () => {
  it('goes by whole names', () => {
    expect(isPathWithin(Buffer.from('a/b'), Buffer.from('a'))).to.equal(true);
    expect(isPathWithin(Buffer.from('a'), Buffer.from('a'))).to.equal(true);
    expect(isPathWithin(Buffer.from('ab'), Buffer.from('a'))).to.equal(false);
    expect(isPathWithin(Buffer.from('a'), Buffer.from('a/b'))).to.equal(false);
  });

  it('holds a folder’s content together in manifest order', () => {
    const path = fc
      .array(fc.constantFrom('a', 'a.', 'b', '-', '日'), { minLength: 1, maxLength: 4 })
      .map((parts) => Buffer.from(parts.join('/')));
    fc.assert(
      fc.property(path, path, path, (a, b, within) => {
        if (!isPathWithin(a, within) || !isPathWithin(b, within)) return;
        for (const other of [Buffer.from('a.'), Buffer.from('b/a')]) {
          const isBetween = comparePaths(a, other) < 0 && comparePaths(other, b) < 0;
          if (isBetween) expect(isPathWithin(other, within)).to.equal(true);
        }
      }),
    );
  });
});
