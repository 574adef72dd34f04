import { expect } from 'chai';
import fc from 'fast-check';
import { toEntryName, toRootName } from '../../../src/archive/entry-names.js';

const tar = (path: string) => toEntryName(Buffer.from(path, 'latin1'), 'tar');
const zip = (path: string) => toEntryName(Buffer.from(path, 'latin1'), 'zip');

/** A part of a path: bytes without NUL and slash, not `.` or `..`; those that matter come often. */
const part = fc
  .array(
    fc.oneof(
      fc.constantFrom(...Buffer.from('%5C2E.: \\Aa\xff\xe9', 'latin1')),
      fc.integer({ min: 1, max: 255 }),
    ),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x2f ? 0x25 : byte))))
  .filter((bytes) => !['.', '..'].includes(bytes.toString('latin1')));

describe('toEntryName()', () => {
  const cases: [path: string, tar: string, zip: string][] = [
    ['files/receipts/1.txt', 'files/receipts/1.txt', 'files/receipts/1.txt'],
    ['caf\xc3\xa9/100%.txt', 'café/100%.txt', 'café/100%.txt'],
    ['caf\xe9', 'caf%E9', 'caf%E9'],
    ['caf%E9', 'caf%25E9', 'caf%25E9'],
    ['a%20b', 'a%20b', 'a%20b'],
    ['100%25', '100%2525', '100%2525'],
    ['..\\x', '..\\x', '..%5Cx'],
    ['..%5Cx', '..%5Cx', '..%255Cx'],
    ['C:\\evil', 'C:\\evil', 'C%3A%5Cevil'],
    ['.. /x', '.. /x', '..%20/x'],
    ['.../x', '.../x', '..%2E/x'],
    ['a\nb', 'a\nb', 'a%0Ab'],
    ['\xef\xbf\xbd', '\ufffd', '\ufffd'],
  ];
  for (const [path, asTar, asZip] of cases) {
    it(`writes ${JSON.stringify(path)} as ${JSON.stringify(asTar)} and ${JSON.stringify(asZip)}`, () => {
      expect(tar(path)).to.equal(asTar);
      expect(zip(path)).to.equal(asZip);
    });
  }

  for (const style of ['tar', 'zip'] as const) {
    it(`gives two names of ${style} never the same one`, () => {
      const readBack = (name: string) =>
        Buffer.concat(
          name.split(/(%[0-9A-F]{2})/).map((piece) => {
            const byte = /^%([0-9A-F]{2})$/.exec(piece)?.[1];
            return byte && isEscape(Number.parseInt(byte, 16), style)
              ? Buffer.from(byte, 'hex')
              : Buffer.from(piece);
          }),
        );
      fc.assert(
        fc.property(part, (bytes) => {
          const name = toEntryName(bytes, style);
          // A space or a dot stands escaped at the end only, and there a literal one does not.
          const end = /%(20|2E)$/.exec(name);
          const back =
            style === 'zip' && end
              ? Buffer.concat([readBack(name.slice(0, -3)), Buffer.from(end[1]!, 'hex')])
              : readBack(name);
          expect(back.equals(bytes), `${JSON.stringify(name)} of ${bytes.toString('hex')}`).to.equal(true);
        }),
        { numRuns: 2_000 },
      );
    });
  }

  it('leaves no part of a ZIP name that Windows could take for another place', () => {
    fc.assert(
      fc.property(part, (bytes) => {
        const name = toEntryName(bytes, 'zip');
        expect(name).not.to.match(/[\\/:*?"<>|\p{Cc}]|[. ]$/u);
      }),
    );
  });
});

function isEscape(byte: number, style: 'tar' | 'zip'): boolean {
  if (byte >= 0x80 || byte === 0x25) return true;
  return style === 'zip' && /[\p{Cc}\\:*?"<>|]/u.test(String.fromCharCode(byte));
}

describe('toRootName()', () => {
  const cases: [string, string][] = [
    ['backup-2026-01-31-abcdef', 'backup-2026-01-31-abcdef'],
    ['Before the update', 'Before the update'],
    ['../../etc', '__.._etc'],
    ['C:\\x', 'C__x'],
    ['-rf', '_rf'],
    ['...', '_'],
    ['a. ', 'a'],
    ['日本', '日本'],
  ];
  for (const [name, root] of cases) {
    it(`makes ${JSON.stringify(root)} of ${JSON.stringify(name)}`, () => {
      expect(toRootName(name)).to.equal(root);
    });
  }

  it('takes at most 200 bytes', () => {
    expect(Buffer.byteLength(toRootName('日'.repeat(120)))).to.equal(198);
  });
});
