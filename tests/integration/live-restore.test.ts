/** Restores under a till that keeps its database open, reads and sells before, while and after. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { RestoreUpdate } from '../../src/engine/index.js';
import { openDiskTill } from '../support/disk-till.js';
import { backupRequest, restoreRequest } from '../support/engine-till.js';
import type { PosReport } from '../support/pos-program.js';
import { SOAK } from '../support/scale.js';
import { makeSalesDatabase, readSales } from '../support/selling-writer.js';
import { makeFolder, removeFolder } from '../support/till-folder.js';

const PROGRAM = fileURLToPath(new URL('../support/pos-program.js', import.meta.url));
const GiB = 1024 ** 3;

/** The till's program. */
class Pos {
  readonly #child: ChildProcess;
  report: PosReport = { commits: 0, busy: 0, errors: [], seen: [] };

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (report) => {
      this.report = report as PosReport;
    });
  }

  static async start(path: string): Promise<Pos> {
    const child = fork(PROGRAM, [path]);
    const pos = new Pos(child);
    await Promise.race([once(child, 'message'), once(child, 'exit')]);
    return pos;
  }

  async seesRestored(): Promise<void> {
    for (let look = 0; look < 500 && this.report.seen.at(-1) !== 'restored'; look++) await wait(10);
    const { commits } = this.report;
    for (let look = 0; look < 500 && this.report.commits < commits + 20; look++) await wait(10);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async stop(): Promise<PosReport> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return this.report;
    const ended = once(this.#child, 'exit');
    this.#child.send('stop');
    await ended;
    return this.report;
  }
}

interface DatabaseOptions {
  journalMode: 'WAL' | 'DELETE';
  pageSize?: number;
  sales?: number;
  /** Bytes of ballast. */
  ballast?: number;
}

function makeDatabase(
  path: string,
  marker: string,
  { ballast = 0, sales = 2_000, ...options }: DatabaseOptions,
): void {
  makeSalesDatabase(path, { sales, ...options });
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE marker (value TEXT); CREATE TABLE ballast (bytes BLOB)');
  database.prepare('INSERT INTO marker VALUES (?)').run(marker);
  for (let left = ballast; left > 0; left -= 100e6)
    database.prepare('INSERT INTO ballast VALUES (zeroblob(?))').run(Math.min(left, 100e6));
  database.close();
}

describe('live restore', function () {
  this.timeout(SOAK ? 600_000 : 60_000);
  let folder: string;

  beforeEach(async () => {
    folder = await makeFolder();
  });
  afterEach(() => removeFolder(folder));

  /** A backup of a database with marker `restored`, and a live one with marker `live` in its place. */
  async function openTill(saved: DatabaseOptions, live: DatabaseOptions) {
    const till = await openDiskTill(folder);
    makeDatabase(till.database, 'restored', saved);
    const { snapshotId } = await till.engine.backup(backupRequest('b', { components: ['DATABASE'] }), {});
    for (const suffix of ['', '-wal', '-shm']) rmSync(till.database + suffix, { force: true });
    makeDatabase(till.database, 'live', live);
    const restore = (options: { signal?: AbortSignal; onProgress?: (update: RestoreUpdate) => void } = {}) =>
      till.engine.restore(restoreRequest(snapshotId, { components: ['DATABASE'] }), options);
    return { ...till, restore };
  }

  function markerOf(path: string): unknown {
    const database = new DatabaseSync(path, { timeout: 10_000 });
    const found = database.prepare('SELECT value FROM marker').get();
    database.close();
    return found?.value;
  }

  function expectSound(path: string): void {
    const { integrity, saleCents, drawerCents } = readSales(path);
    expect(integrity).to.equal('ok');
    expect(saleCents).to.equal(drawerCents);
  }

  async function expectUnnoticed(saved: DatabaseOptions, live: DatabaseOptions): Promise<void> {
    const till = await openTill(saved, live);
    const pos = await Pos.start(till.database);
    await till.restore();
    await pos.seesRestored();
    const { errors, seen, commits } = await pos.stop();
    expect(errors).to.deep.equal([]);
    expect(seen).to.deep.equal(['live', 'restored']);
    expect(commits).to.be.above(20);
    expectSound(till.database);
  }

  for (const journalMode of ['WAL', 'DELETE'] as const) {
    context(`in journal mode ${journalMode}`, () => {
      it('is seen by the till, which meets nothing but SQLITE_BUSY', () =>
        expectUnnoticed({ journalMode: 'WAL' }, { journalMode, sales: 30_000 }));

      it('is seen by a till whose pages have another size', () =>
        expectUnnoticed({ journalMode: 'WAL' }, { journalMode, pageSize: 16_384 }));

      it('stands when the till is killed while it is swapped in', async () => {
        const till = await openTill({ journalMode, ballast: 30e6 }, { journalMode });
        const pos = await Pos.start(till.database);
        await till.restore({
          onProgress: ({ phase }) => {
            if (phase === 'SWAPPING') setTimeout(() => pos.kill(), 5);
          },
        });
        await pos.stop();
        expect(markerOf(till.database)).to.equal('restored');
        expectSound(till.database);
      });

      it('leaves the till as it was when it is cancelled while it is swapped in', async () => {
        const till = await openTill({ journalMode, ballast: 50e6 }, { journalMode });
        const pos = await Pos.start(till.database);
        const controller = new AbortController();
        let cancelledAtMs = 0;
        const onProgress = ({ phase }: RestoreUpdate) => {
          if (phase !== 'SWAPPING' || cancelledAtMs > 0) return;
          cancelledAtMs = performance.now();
          setTimeout(() => controller.abort(), 20);
        };
        const code = await till.restore({ signal: controller.signal, onProgress }).then(
          () => 'none',
          (error) => error.code,
        );
        expect(performance.now() - cancelledAtMs).to.be.below(2_020);
        const { errors } = await pos.stop();
        expect(errors).to.deep.equal([]);
        expect([code, markerOf(till.database)]).to.deep.equal(['CANCELLED', 'live']);
        expectSound(till.database);
      });
    });
  }

  if (SOAK) {
    for (const journalMode of ['WAL', 'DELETE'] as const) {
      it(`takes a database beyond the lock page, in journal mode ${journalMode}`, async () => {
        const large = { journalMode, ballast: 1.1 * GiB };
        await expectUnnoticed(large, { journalMode });
        expect(statSync(`${folder}/pos.db`).size).to.be.above(GiB);
      });
    }
  }
});
