import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { Repository } from '../../src/engine/repository/repository.js';
import { systemClock } from '../../src/shared/clock.js';
import { systemRandom } from '../../src/shared/random.js';
import { MemoryStore } from '../../src/storage/memory-store.js';
import { CHEAP_KDF, PASSPHRASE } from '../support/engine-till.js';
import { describeSnapshot } from '../support/fake-engine.js';
import { makeManyBackups, writeObjects } from '../support/many-backups.js';
import { runCli } from '../support/run-cli.js';
import { ADMIN, openServiceKit } from '../support/service-kit.js';

const BACKUPS = 10_000;
/** "In seconds": what a machine that is busy with other tests needs, with room to spare. */
const LIMIT_MS = 10_000;

describe('ten thousand backups', function () {
  this.timeout(120_000);
  let folder: string;
  let objects: Map<string, Buffer>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tillvault-many-'));
    objects = await makeManyBackups(BACKUPS);
    await writeObjects(objects, join(folder, 'repository'));
  });
  after(() => rm(folder, { recursive: true }));

  async function timed<T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> {
    const start = performance.now();
    const result = await work();
    return { result, ms: performance.now() - start };
  }

  it('are listed in seconds by the command', async () => {
    const env = { STORAGE_URL: 'file:./repository', BACKUP_ENCRYPTION_KEY: PASSPHRASE };
    const { result, ms } = await timed(() => runCli(['recover', 'list'], { cwd: folder, env }));
    expect(result.stderr).to.equal('');
    expect(result.stdout.trimEnd().split('\n')).to.have.length(BACKUPS + 1);
    expect(ms).to.be.lessThan(LIMIT_MS);
  });

  it('keep no more in memory than what choosing one needs', async () => {
    const store = new MemoryStore(objects);
    const deps = { store, clock: systemClock, random: systemRandom.bytes, onWarning: () => {} };
    const before = measureMemory();
    const repository = await Repository.open(deps, {
      passphrase: PASSPHRASE,
      kdfCost: CHEAP_KDF,
      mayCreate: false,
    });
    const takenBytes = measureMemory() - before;
    expect([...repository.catalogue()]).to.have.length(BACKUPS);
    expect(takenBytes).to.be.lessThan(BACKUPS * 8_000);
  });

  it('are all there again in seconds when the metadata was deleted', async () => {
    const kit = await openServiceKit();
    try {
      for (let number = 0; number < BACKUPS; number++) {
        const request = {
          components: ['FILES' as const],
          encrypt: true,
          compress: true,
          compressionLevel: null,
        };
        const labels = { name: `hourly ${number}`, createdAt: 1_600_000_000_000 + number, retentionDays: 7 };
        const snapshot = describeSnapshot({ backupId: `backup-${number}`, labels, ...request });
        kit.engine.snapshots.set(`${number}`, { ...snapshot, snapshotId: `${number}` });
      }
      const { result, ms } = await timed(() => kit.recovery.recover());
      expect(result).to.include({ rebuilt: BACKUPS, completed: 0, missing: 0 });
      expect(ms).to.be.lessThan(LIMIT_MS);
      const sort = { field: 'CREATED_AT', direction: 'ASC' } as const;
      const { items, summary } = await kit.backups.list({ page: 1, limit: 2 }, null, sort);
      expect(summary).to.include({ total: BACKUPS, completed: BACKUPS });
      expect(items.map(({ name }) => name)).to.deep.equal(['hourly 0', 'hourly 1']);
      expect((await kit.progress.latestBackupProgresses(['backup-0']))[0]).to.include({
        phase: 'DONE',
        percent: 100,
      });
      await kit.backups.delete(ADMIN, 'backup-0');
      expect((await kit.recovery.recover()).rebuilt).to.equal(0);
    } finally {
      await kit.close();
    }
  });
});

/** Bytes in use once everything that can be collected is. */
function measureMemory(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
