/**
 * Breaks off restores and backups at every kind of point: each write, read, sync, rename, removal, and each step of a
 * copy by SQLite. `npm run soak` takes 200 points of each kind of operation, `npm test` some.
 */
import { expect } from 'chai';
import { FaultBench, type FaultRun, runJob } from '../support/fault-bench.js';
import type { FaultJob, FaultReport } from '../support/fault-program.js';
import { SOAK, scaled } from '../support/scale.js';

/** `count` different numbers from 1 to `last`, spread evenly. */
function spread(last: number, count: number): number[] {
  const all = Math.min(last, count);
  return [
    ...new Set(
      Array.from({ length: all }, (_, at) => 1 + Math.floor((at * (last - 1)) / Math.max(1, all - 1))),
    ),
  ];
}

describe('breaking off', function () {
  this.timeout(SOAK ? 7_200_000 : 120_000);
  let bench: FaultBench;

  before(async () => {
    bench = await FaultBench.make();
  });
  after(() => bench.close());

  const restore = (): FaultJob => ({ kind: 'restore', restoreId: 'r-1', snapshotId: bench.snapshotId });
  const backup: FaultJob = { kind: 'backup', backupId: 'b-2' };
  const recover: FaultJob = { kind: 'recover', restoreId: 'r-1' };

  async function withRun<T>(use: (run: FaultRun) => Promise<T>): Promise<T> {
    const run = bench.open();
    try {
      return await use(run);
    } finally {
      run.close();
    }
  }

  async function countPoints(job: FaultJob): Promise<number> {
    return withRun(async (run) => {
      const report = await runJob(run.folder, job);
      expect(report?.code, report?.message).to.equal(null);
      if (job.kind === 'restore') expect(run.state()).to.equal('new');
      run.expectClean();
      return report!.points;
    });
  }

  async function recovered(run: FaultRun): Promise<FaultReport> {
    const report = await runJob(run.folder, recover);
    expect(report?.code, report?.message).to.equal(null);
    return report!;
  }

  /** Everything that must hold after a restore was broken off and the next start has recovered. */
  async function expectWhole(run: FaultRun, { isSampled }: { isSampled: boolean }): Promise<FaultReport> {
    const report = await recovered(run);
    const state = run.state();
    expect(state).to.be.oneOf(['old', 'new']);
    if (report.recovered !== null) expect(state).to.equal(report.recovered === 'completed' ? 'new' : 'old');
    run.expectClean();
    run.pos.exec("INSERT INTO sale (note) VALUES ('sold after all')");
    if (isSampled) await run.expectBackup();
    return report;
  }

  it('leaves a restore that is killed all old or all new', async () => {
    const total = await countPoints(restore());
    // Live data is touched at the end: half of the points are there.
    const late = spread(100, scaled(8, 100)).map((point) => total - point + 1);
    const points = [...new Set([...spread(total, scaled(5, 120)), ...late])];
    const ends = { old: 0, completed: 0, rolledBack: 0 };
    for (const [count, at] of points.entries()) {
      await withRun(async (run) => {
        expect(await runJob(run.folder, restore(), { at, kind: 'kill' }), `point ${at}`).to.equal(null);
        const report = await expectWhole(run, { isSampled: count % scaled(12, 10) === 0 });
        ends[report.recovered ?? 'old'] += 1;
      });
    }
    process.stdout.write(`      killed at ${points.length} points: ${JSON.stringify(ends)}\n`);
  });

  it('recovers also when the recovery is killed', async () => {
    const total = await countPoints(restore());
    let killed = 0;
    for (const at of spread(total, scaled(40, 400)).slice(-scaled(8, 160))) {
      await withRun(async (run) => {
        await runJob(run.folder, restore(), { at, kind: 'kill' });
        for (
          let again = 1;
          (await runJob(run.folder, recover, { at: again * 3, kind: 'kill' })) === null;
          again++
        )
          killed += 1;
        await expectWhole(run, { isSampled: false });
      });
      if (!SOAK && killed > 4) break;
    }
    expect(killed).to.be.above(0);
  });

  it('leaves backups as they were when a backup is killed', async () => {
    for (const [count, at] of spread(await countPoints(backup), scaled(6, 200)).entries()) {
      await withRun(async (run) => {
        expect(await runJob(run.folder, backup, { at, kind: 'kill' }), `point ${at}`).to.equal(null);
        const { snapshots } = await recovered(run);
        expect(snapshots['b-new']).to.equal(bench.snapshotId);
        expect(run.state()).to.equal('old');
        run.expectClean();
        if (count % 10 === 0) await run.expectBackup();
        if (snapshots['b-2'] !== undefined && count % 5 === 0)
          await run.expectBackup(snapshots['b-2'], bench.digests.old);
        if (count % 10 !== 5) return;
        const again = await runJob(run.folder, { kind: 'backup', backupId: 'b-3' });
        expect(again?.code, again?.message).to.equal(null);
        await run.expectBackup(again!.snapshots['b-3'], bench.digests.old);
      });
    }
  });

  for (const kind of ['EIO', 'ENOSPC'] as const) {
    it(`leaves a restore that meets ${kind} all old or all new`, async () => {
      const total = await countPoints(restore());
      for (const [count, at] of spread(total, scaled(4, total)).entries()) {
        await withRun(async (run) => {
          const report = await runJob(run.folder, restore(), { at, kind });
          expect(report, `point ${at}`).to.not.equal(null);
          // In the process already, whatever the next start has to clear away.
          expect(run.state(), `point ${at}: ${report!.message}`).to.equal(
            report!.code === null ? 'new' : 'old',
          );
          expect(report!.code, `point ${at}: ${report!.message}`).to.not.equal('UNKNOWN');
          await expectWhole(run, { isSampled: count % 20 === 0 });
        });
      }
    });

    it(`leaves backups as they were when a backup meets ${kind}`, async () => {
      const total = await countPoints(backup);
      for (const [count, at] of spread(total, scaled(3, total)).entries()) {
        await withRun(async (run) => {
          const report = await runJob(run.folder, backup, { at, kind });
          expect(report!.code, `point ${at}: ${report!.message}`).to.not.equal('UNKNOWN');
          const { snapshots } = await recovered(run);
          expect(Object.hasOwn(snapshots, 'b-2'), `point ${at}: ${report!.message}`).to.equal(
            report!.code === null,
          );
          run.expectClean();
          if (count % 20 === 0) await run.expectBackup();
        });
      }
    });
  }

  for (const operation of ['restore', 'backup'] as const) {
    it(`ends a ${operation} that is cancelled within two seconds, with everything as it was`, async () => {
      let slowestMs = 0;
      for (let count = 0; count < scaled(4, 200); count++) {
        await withRun(async (run) => {
          const job = operation === 'restore' ? restore() : backup;
          const cancelAfterMs = ((count * 37) % 100) * (operation === 'restore' ? 6 : 2);
          const report = await runJob(run.folder, { ...job, cancelAfterMs } as FaultJob);
          slowestMs = Math.max(slowestMs, report!.cancelledMs ?? 0);
          expect(report!.code, report!.message).to.be.oneOf([null, 'CANCELLED']);
          const isRestored = operation === 'restore' && report!.code === null;
          expect(run.state()).to.equal(isRestored ? 'new' : 'old');
          run.expectClean();
          run.pos.exec("INSERT INTO sale (note) VALUES ('no lock')");
        });
      }
      expect(slowestMs).to.be.below(2_000);
    });
  }
});
