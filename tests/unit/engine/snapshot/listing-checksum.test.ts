import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ListingChecksum } from '../../../../src/engine/snapshot/listing-checksum.js';
import { comparePaths } from '../../../../src/engine/snapshot/paths.js';

const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest();

describe('ListingChecksum', () => {
  it('is the SHA-256 of what sha256sum -z prints, in manifest order', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tillvault-listing-'));
    try {
      mkdirSync(join(folder, 'a'));
      const paths = ['a/x', 'a.txt', 'new\nline', 'b\\c'].sort((a, b) =>
        comparePaths(Buffer.from(a), Buffer.from(b)),
      );
      for (const path of paths) writeFileSync(join(folder, path), `content of ${path}`);
      const listing = execFileSync('sha256sum', ['-z', ...paths], { cwd: folder });
      const sum = new ListingChecksum();
      sum.addOther();
      for (const path of paths) sum.addFile(Buffer.from(path), sha256(`content of ${path}`));
      expect(sum.digest()).to.deep.equal(sha256(listing));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is the checksum of the only file, and only then', () => {
    const one = new ListingChecksum();
    one.addFile(Buffer.from('till.db'), sha256('x'));
    expect(one.digest()).to.deep.equal(sha256('x'));
    const listing = sha256(`${sha256('x').toString('hex')}  till.db\0`);
    const before = new ListingChecksum();
    before.addOther();
    before.addFile(Buffer.from('till.db'), sha256('x'));
    expect(before.digest()).to.deep.equal(listing);
    const behind = new ListingChecksum();
    behind.addFile(Buffer.from('till.db'), sha256('x'));
    behind.addOther();
    expect(behind.digest()).to.deep.equal(listing);
    expect(new ListingChecksum().digest()).to.deep.equal(sha256(''));
  });
});
