import { expect } from 'chai';
import fc from 'fast-check';
import { comparePaths, parentPath, printPath } from '../../../../src/engine/snapshot/paths.js';
import {
  encodeReference,
  parseReferences,
  referencedBytes,
  sumReferences,
} from '../../../../src/engine/snapshot/references.js';
import { IntegrityError } from '../../../../src/shared/errors.js';

describe('comparePaths()', () => {
  it('sorts as comparing part by part does', () => {
    const part = fc
      .uint8Array({ minLength: 1, maxLength: 3 })
      .filter((bytes) => !bytes.includes(0x2f) && !bytes.includes(0));
    const path = fc.array(part, { minLength: 1, maxLength: 4 });
    const join = (parts: Uint8Array[]) =>
      Buffer.concat(parts.flatMap((each, at) => (at === 0 ? [each] : [Buffer.from('/'), each])));
    const byParts = (a: Uint8Array[], b: Uint8Array[]): number => {
      for (let at = 0; at < Math.min(a.length, b.length); at++) {
        const order = Buffer.compare(a[at]!, b[at]!);
        if (order !== 0) return order;
      }
      return a.length - b.length;
    };
    fc.assert(
      fc.property(
        path,
        path,
        (a, b) => Math.sign(comparePaths(join(a), join(b))) === Math.sign(byParts(a, b)),
      ),
      { numRuns: 2000 },
    );
  });
});

describe('printPath()', () => {
  it('escapes what is not text', () => {
    expect(printPath(Buffer.from('ü/日 "\n\\'))).to.equal('ü/日 \\x22\\x0a\\x5c');
    expect(printPath(Buffer.from([0x61, 0xff]))).to.equal('a\\xff');
  });
});

describe('parentPath()', () => {
  it('is null at the top', () => {
    expect(parentPath(Buffer.from('a'))).to.equal(null);
    expect(parentPath(Buffer.from('a/b/c'))!.toString()).to.equal('a/b');
  });
});

describe('references', () => {
  it('are 36 bytes each', () => {
    const references = Buffer.concat([
      encodeReference(Buffer.alloc(32, 1), 5),
      encodeReference(Buffer.alloc(32, 2), 0x01020304),
    ]);
    expect(referencedBytes(references, 1)).to.equal(0x01020304);
    expect(sumReferences(references)).to.equal(0x01020309);
    expect(() => parseReferences(references.subarray(1))).to.throw(IntegrityError);
  });
});
