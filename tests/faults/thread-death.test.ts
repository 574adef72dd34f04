/** Ends the engine's thread at random moments, as a crash would: what was there stays, and the next run goes on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { WorkerEngine } from '../../src/engine/index.js';
import { MiB } from '../../src/shared/bytes.js';
import { systemRandom } from '../../src/shared/random.js';
import { FileStore } from '../../src/storage/file-store.js';
import { backupRequest, createEngineTill, PASSPHRASE, restoreRequest } from '../support/engine-till.js';
import type { EngineWorkerSettings } from '../support/engine-worker.js';
import { scaled } from '../support/scale.js';
import { createSeededIntegers } from '../support/seeded-random.js';

const ENTRY = new URL('../support/engine-worker.js', import.meta.url);
const SEED = `death ${process.pid}`;

describe(`an engine that dies at any moment (seed "${SEED}")`, function () {
  this.timeout(1_800_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-death-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('leaves a repository that opens, restores every listed backup and takes new ones', async () => {
    const integer = createSeededIntegers(SEED);
    const storageFolder = join(folder, 'repository');
    const settings: EngineWorkerSettings = {
      storageFolder,
      passphrase: PASSPHRASE,
      sizeBytes: 60 * MiB,
      onRead: 'nothing',
    };
    let committed = 0;
    for (let run = 0; run < scaled(5, 150); run++) {
      const engine = new WorkerEngine({
        startWorker: () => new Worker(ENTRY, { workerData: settings }),
        onWarning: () => {},
      });
      const work = engine
        .open({ mayCreate: true })
        .then(() => engine.backup(backupRequest(`b${run}`), {}))
        .then(
          () => 1,
          () => 0,
        );
      await wait(integer(900));
      await engine.close();
      committed += await work;
      const store = new FileStore(storageFolder, {
        uniqueName: () => systemRandom.uuid().replaceAll('-', ''),
      });
      const { engine: fresh, warnings } = createEngineTill({ FILES: new Map() }, { store });
      await fresh.open({ mayCreate: true });
      const snapshots = await fresh.listSnapshots();
      expect(snapshots.length).to.be.at.least(committed);
      for (const { snapshotId } of snapshots.slice(-3)) {
        await fresh.restore(restoreRequest(snapshotId, { validateOnly: true }), {});
      }
      expect(warnings).to.deep.equal([]);
    }
  });
});
