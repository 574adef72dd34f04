import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { AloneResult } from '../bench/alone.js';
import { runApi } from '../bench/api/api-command.js';
import type { QueryResult } from '../bench/api/measure-queries.js';
import type { FollowedBackup } from '../bench/api/measure-subscribers.js';
import type { Comparison } from '../bench/compare.js';
import { runMemory } from '../bench/memory-command.js';
import type { Openings } from '../bench/scale/open-repository.js';
import { runScale } from '../bench/scale/scale-command.js';
import type { BenchSession } from '../bench/session.js';
import { SOAK } from '../support/scale.js';

const PROGRAM = fileURLToPath(new URL('../bench/main.js', import.meta.url));
const SMALLEST = ['--size', 'smallest', '--only', 'mix', '--runs', '1'];

describe('npm run bench', function () {
  this.timeout(180_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-bench-test-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const start = (...args: string[]) =>
    spawn(process.execPath, [PROGRAM, ...args, '--work-dir', folder], { stdio: ['ignore', 'pipe', 'pipe'] });

  it('compares, judges, and leaves nothing but its corpora behind', async () => {
    const json = join(folder, 'result.json');
    const bench = start(...SMALLEST, '--peers', 'pipeline,cp,archiver', '--json', json);
    const [output, errors, [status]] = await Promise.all([
      text(bench.stdout),
      text(bench.stderr),
      once(bench, 'close'),
    ]);
    expect(status, errors).to.equal(0);
    expect(output)
      .to.match(/^\| first backup +\| +\d+\.\d\d \|/m)
      .and.match(/^\| restore into a folder .*(met|MISSED) \|$/m);
    const { comparisons } = JSON.parse(await readFile(json, 'utf8')) as { comparisons: Comparison[] };
    expectSane(comparisons[0]!);
    expect((await readdir(folder)).sort()).to.deep.equal(['result.json', 'tillvault-corpora']);
  });

  it('cleans up when it is interrupted', async () => {
    const bench = start(...SMALLEST, '--peers', 'tillvault');
    bench.stderr.on('data', (piece) => {
      if (String(piece).includes('first: ')) bench.kill('SIGINT');
    });
    const [status] = await once(bench, 'close');
    expect(status).to.equal(130);
    expect(await readdir(folder)).to.not.satisfy((names: string[]) =>
      names.some((name) => name.startsWith('tillvault-bench')),
    );
  });

  it('refuses what it does not know', async () => {
    const bench = start('--only', 'mix,everything');
    const [errors, [status]] = await Promise.all([text(bench.stderr), once(bench, 'close')]);
    expect(status).to.equal(1);
    expect(errors).to.include('found everything');
  });

  /** A session in a folder of its own, which the caller looks at. */
  async function openSession(): Promise<BenchSession> {
    const own = await mkdtemp(join(folder, 'session-'));
    return {
      folder: own,
      corpusFolder: join(folder, 'tillvault-corpora'),
      signal: new AbortController().signal,
      say: () => {},
    };
  }

  it('opens a repository that is large by its numbers', async () => {
    const { data } = await runScale({ open: { backups: 4, chunks: 4096 } }, await openSession());
    const { open } = (data as { scale: { open: Openings } }).scale;
    expect(open).to.include({ backups: 4, chunks: 4096 });
    expect(open.results).to.have.length(5);
    for (const { seconds } of open.results) expect(seconds).to.be.within(0.001, 60);
  });

  it('sees every subscriber get everything', async () => {
    const spread = { processes: 2, connectionsPerProcess: 2, subscriptionsPerConnection: 5 };
    const choice = { corpusSize: 'smallest' as const, subscribers: { ...spread, rounds: 1 } };
    const { data } = await runApi(choice, await openSession());
    const { subscribers } = (data as { api: { subscribers: FollowedBackup[] } }).api;
    expect(subscribers.map((backup) => backup.subscribers)).to.deep.equal([0, 20]);
    const reports = subscribers[1]!.reports!;
    expect(reports.map(({ complete, problem }) => ({ complete, problem }))).to.deep.equal(
      Array.from({ length: 2 }, () => ({ complete: 10, problem: null })),
    );
  });

  // Each starts more servers than a short run has time for.
  if (SOAK) {
    it('measures queries beside a backup', async () => {
      const queries = { rows: 200, questionsPerSecond: 50, idleQuestions: 50 };
      const { data } = await runApi({ corpusSize: 'smallest', queries }, await openSession());
      const [idle, busy] = (data as { api: { queries: QueryResult[] } }).api.queries;
      expect(idle!.questions).to.equal(50);
      expect(busy!.questions).to.be.greaterThan(0);
      expect(idle!.p99Ms).to.be.at.least(idle!.p50Ms);
    });

    it('measures many backups and many files', async () => {
      const choice = { backups: { tillBytes: 1e6, milestones: [1, 3] }, files: [20, 600] };
      const { data } = await runScale(choice, await openSession());
      const { backups, files } = (data as { scale: { backups: AloneResult[]; files: AloneResult[] } }).scale;
      expect(backups.map(({ size, operation }) => `${size} ${operation}`)).to.deep.equal([
        ...['1 backup', '1 verify', '1 restore'],
        ...['3 backup', '3 verify', '3 restore'],
      ]);
      expect(files).to.have.length(8);
    });

    it('measures a database with holes', async () => {
      const { data } = await runMemory([5e6], await openSession());
      const { memory } = data as { memory: AloneResult[] };
      expect(memory).to.have.length(4);
      // Four fifths are zeros, so nearly nothing of them is stored.
      expect(memory[0]!.repositoryBytes).to.be.within(0.1e6, 1.2e6);
    });
  }
});

function expectSane({ corpus, contestants, results }: Comparison): void {
  expect(contestants.map(({ name }) => name)).to.include.members(['tillvault', 'archiver']);
  const own = new Map(
    results.filter(({ contestant }) => contestant === 'tillvault').map((result) => [result.step, result]),
  );
  expect([...own.keys()]).to.deep.equal([
    'first',
    'unchanged',
    'verify',
    'scattered',
    'day',
    'restore',
    'live',
  ]);
  for (const { seconds, cpuSeconds, peakBytes, contestant } of results) {
    expect(seconds).to.be.within(0.001, 120);
    if (cpuSeconds !== null) expect(cpuSeconds).to.be.within(0, 120);
    if (contestant === 'tillvault' && peakBytes !== null) expect(peakBytes).to.be.within(20e6, 2e9);
  }
  const stored = own.get('first')!.repositoryBytes!;
  expect(stored).to.be.within(corpus.bytes / 10, corpus.bytes);
  expect(own.get('unchanged')!.addedBytes).to.be.within(1, stored / 50);
  expect(own.get('day')!.addedBytes).to.be.within(1, stored / 2);
}
