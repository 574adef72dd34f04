import { expect } from 'chai';
import type { Comparison, StepResult } from '../../../bench/compare.js';
import { judge } from '../../../bench/report/bars.js';
import { replacePart } from '../../../bench/report/benchmarks-document.js';
import { printComparison } from '../../../bench/report/comparison-report.js';
import { printTable } from '../../../bench/report/markdown-table.js';

/** Results of first backups, by contestant: seconds of each round. */
function makeComparison(seconds: Partial<Record<StepResult['contestant'], number[]>>): Comparison {
  const results = Object.entries(seconds).flatMap(([contestant, rounds]) =>
    rounds.map(
      (each, at): StepResult => ({
        contestant: contestant as StepResult['contestant'],
        step: 'first',
        round: at + 1,
        seconds: each,
        cpuSeconds: null,
        peakBytes: contestant === 'tillvault' ? (at + 1) * 200e6 : 1e9,
        repositoryBytes: null,
        addedBytes: null,
      }),
    ),
  );
  const contestants = Object.keys(seconds).map((name) => ({
    name: name as StepResult['contestant'],
    title: `${name} | itself`,
    version: `${name} 1`,
    syncs: 'nothing',
    idleBytes: null,
  }));
  const corpus = { name: 'mix', size: 'full', files: 1, bytes: 1, digest: '' } as const;
  return { corpus, rounds: 3, contestants, results };
}

describe('judge()', () => {
  it('compares medians, not means or best runs', () => {
    const results = judge(makeComparison({ tillvault: [1, 2, 90], restic: [5, 5, 5], pipeline: [2, 2, 2] }));
    expect(results.slice(0, 2).map(({ measured, isMet }) => `${measured} ${isMet}`)).to.deep.equal([
      '2.50 × true',
      '1.00 × true',
    ]);
  });

  it('misses a bar by a little', () => {
    const results = judge(makeComparison({ tillvault: [2.01], restic: [5], pipeline: [1.54] }));
    expect(results.slice(0, 2).map(({ isMet }) => isMet)).to.deep.equal([false, false]);
  });

  it('takes the highest memory of any round', () => {
    const [memory] = judge(makeComparison({ tillvault: [1, 1] }));
    expect(memory).to.include({ measured: '400 MB', isMet: false });
  });

  it('says nothing about whom it has not measured', () => {
    expect(judge(makeComparison({ restic: [1] }))).to.deep.equal([]);
  });
});

describe('printComparison()', () => {
  it('prints the ratio, and a dash for what was not measured', () => {
    const lines = printComparison(makeComparison({ tillvault: [2], restic: [5], cp: [] }));
    expect(lines.find((line) => line.startsWith('| first backup'))).to.match(
      /^\| first backup +\| +2\.00 \| +5\.00 \| +– \| +2\.50 × \|$/,
    );
  });
});

describe('printTable()', () => {
  it('pads cells and keeps bars inside them apart from its own', () => {
    expect(
      printTable([
        ['a', 'b | c'],
        ['long', '1'],
      ]),
    ).to.deep.equal(['| a    | b \\| c |', '| ---- | -----: |', '| long |      1 |']);
  });
});

describe('replacePart()', () => {
  const text = 'before\n<!-- api: begin -->\nold\n<!-- api: end -->\nafter\n';

  it('replaces what is between the marks, again and again alike', () => {
    const once = replacePart(text, 'api', ['new']);
    expect(once).to.equal('before\n<!-- api: begin -->\n\nnew\n\n<!-- api: end -->\nafter\n');
    expect(replacePart(once, 'api', ['new'])).to.equal(once);
  });

  it('refuses a document without the marks', () => {
    expect(() => replacePart(text, 'scale', [])).to.throw('<!-- scale: begin -->');
  });
});
