import { expect } from 'chai';
import { type ComparedBackup, findSuspicion } from '../../../../src/services/guard/suspicion.js';
import { GiB, KiB, MiB } from '../../../../src/shared/bytes.js';
import type { Component } from '../../../../src/shared/component.js';

interface Content {
  component?: Component;
  bytes?: number;
  files?: number;
  stored?: number;
}

/** A backup of one component: 100 MiB in 1,000 files of which little is new, but for `content`. */
function make(
  { component = 'FILES', bytes = 100 * MiB, files = 1_000, stored = MiB }: Content = {},
  changes: Partial<ComparedBackup> = {},
): ComparedBackup {
  const part = {
    component,
    source: 'files',
    sizeBytes: bytes,
    storedBytes: stored,
    fileCount: files,
    checksum: null,
  };
  return {
    components: [part],
    encrypted: true,
    compressed: true,
    suspicion: null,
    confirmedAt: null,
    ...changes,
  };
}

const CONFIRMED = { suspicion: 'It shrank', confirmedAt: new Date(0) };

interface Case {
  what: string;
  now: Content;
  before?: Content;
  /** Part of what is said; absent: nothing is. */
  said?: string;
}

const CASES: Case[] = [
  { what: 'the same again', now: {} },
  { what: 'a little more', now: { bytes: 120 * MiB, files: 1_200, stored: 20 * MiB } },
  { what: 'twice as much', now: { bytes: 200 * MiB, files: 2_000, stored: 100 * MiB } },
  { what: 'a third less', now: { bytes: 66 * MiB, files: 660 } },
  {
    what: 'nearly nothing left',
    now: { bytes: MiB, files: 10 },
    said: 'holds 1.0 MiB, where 100.0 MiB are usual',
  },
  { what: 'an empty folder', now: { bytes: 0, files: 0, stored: 0 }, said: '0 files, where 1000 are usual' },
  { what: 'half of the files gone', now: { files: 499 }, said: '499 files' },
  { what: 'files by the thousand', now: { files: 7_000 }, said: '7000 files' },
  { what: 'a log that ran wild', now: { bytes: 2 * GiB, stored: 100 * MiB }, said: 'holds 2.0 GiB' },
  { what: 'everything encrypted', now: { stored: 100 * MiB }, said: 'does not compress any more' },
  { what: 'everything changed, and compressible', now: { stored: 40 * MiB } },
  {
    what: 'pictures that were always new and never compressed',
    now: { stored: 100 * MiB },
    before: { stored: 90 * MiB },
  },
  {
    what: 'a database that lost most of its rows',
    now: { component: 'DATABASE', bytes: 20 * MiB, files: 1 },
    before: { component: 'DATABASE', files: 1 },
    said: 'DATABASE holds',
  },
  {
    what: 'a database that was vacuumed',
    now: { component: 'DATABASE', bytes: 70 * MiB, stored: 28 * MiB, files: 1 },
    before: { component: 'DATABASE', files: 1 },
  },
  {
    what: 'a tiny database that was emptied',
    now: { component: 'DATABASE', bytes: 20 * KiB, files: 1 },
    before: { component: 'DATABASE', bytes: 200 * KiB, files: 1 },
  },
  {
    what: 'a small database that was emptied',
    now: { component: 'DATABASE', bytes: 100 * KiB, files: 1 },
    before: { component: 'DATABASE', bytes: 700 * KiB, files: 1 },
    said: '100.0 KiB',
  },
  {
    what: 'a tiny till that doubled',
    now: { component: 'CONFIG', bytes: 8 * KiB, files: 8, stored: 8 * KiB },
    before: { component: 'CONFIG', bytes: 2 * KiB, files: 2, stored: 0 },
  },
  {
    what: 'one of two configuration files gone',
    now: { component: 'CONFIG', bytes: KiB, files: 1 },
    before: { component: 'CONFIG', bytes: 3 * KiB, files: 3 },
  },
  {
    what: 'a first receipt in an empty folder',
    now: { bytes: 10 * KiB, files: 1, stored: 10 * KiB },
    before: { bytes: 0, files: 0, stored: 0 },
  },
  {
    what: 'a cache that was emptied',
    now: { component: 'CACHE', bytes: 0, files: 0 },
    before: { component: 'CACHE' },
  },
];

describe('findSuspicion()', () => {
  for (const { what, now, before = {}, said } of CASES) {
    it(`${said === undefined ? 'is silent about' : 'tells'} ${what}`, () => {
      const found = findSuspicion(make(now), [make(before), make(before), make(before)]);
      if (said === undefined) expect(found).to.equal(null);
      else expect(found).to.contain(said);
    });
  }

  const empty = { bytes: 0, files: 0, stored: 0 };

  it('has nothing to compare the first three backups with', () => {
    expect(findSuspicion(make(empty), [make(), make()])).to.equal(null);
  });

  it('is not misled by one odd backup among those before', () => {
    expect(findSuspicion(make(), [make(empty), make(), make(), make()])).to.equal(null);
    expect(findSuspicion(make(empty), [make(empty), make(), make(), make()])).not.to.equal(null);
  });

  it('leaves out what was suspicious and not confirmed', () => {
    const odd = make(empty, { suspicion: 'It shrank' });
    expect(findSuspicion(make(empty), [odd, odd, odd, odd, make(), make(), make()])).not.to.equal(null);
  });

  it('takes what was confirmed as the new measure', () => {
    const history = [make(empty, CONFIRMED), make(), make(), make()];
    expect(findSuspicion(make(empty), history)).to.equal(null);
    expect(findSuspicion(make({ bytes: 2 * GiB, files: 9_000 }), history)).not.to.equal(null);
  });

  it('does not compare other sources, nor encrypted with plain', () => {
    const elsewhere = make().components.map((part) => ({ ...part, source: 'elsewhere' }));
    const others = [1, 2, 3].map(() => make({}, { components: elsewhere }));
    expect(findSuspicion(make(empty), others)).to.equal(null);
    const plain = [1, 2, 3].map(() => make({}, { encrypted: false }));
    expect(findSuspicion(make(empty), plain)).to.equal(null);
  });

  it('says nothing of compression where none was asked for', () => {
    const raw = { compressed: false };
    const history = [1, 2, 3].map(() => make({}, raw));
    expect(findSuspicion(make({ stored: 100 * MiB }, raw), history)).to.equal(null);
  });
});
