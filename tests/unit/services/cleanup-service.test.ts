import { expect } from 'chai';
import { SCHEDULED_CLEANUP } from '../../../src/services/cleanup-service.js';
import { StorageError } from '../../../src/shared/errors.js';
import type { BackupRecord } from '../../../src/shared/operation.js';
import { workUntil } from '../../support/fake-engine.js';
import { FixedClock } from '../../support/fixed-clock.js';
import { makeBackup } from '../../support/memory-services.js';
import { ADMIN, codeOf, openServiceKit, type ServiceKit } from '../../support/service-kit.js';

const NOW = '2026-11-23T12:00:00Z';
const DAY_MS = 24 * 3_600_000;

describe('CleanupService', () => {
  let kit: ServiceKit;

  beforeEach(async () => {
    kit = await openServiceKit({ clock: new FixedClock(NOW) });
  });
  afterEach(() => kit.close());

  /** Stores a COMPLETED backup that was made `days` ago and kept for 30, but for `changes`. */
  async function store(id: string, days: number, changes: Partial<BackupRecord> = {}): Promise<void> {
    const createdAt = new Date(Date.parse(NOW) - days * DAY_MS);
    const expiresAt = new Date(createdAt.getTime() + 30 * DAY_MS);
    const backup = makeBackup({
      id,
      name: id,
      createdAt,
      expiresAt,
      snapshotId: `snapshot ${id}`,
      ...changes,
    });
    await kit.metadata.backups.insert(backup);
  }

  async function run(dryRun: boolean) {
    const report = await kit.cleanup.run(ADMIN, { dryRun });
    return {
      ...report,
      expired: report.expiredBackups.map(({ id }) => id),
      reasons: Object.fromEntries(report.kept.map(({ backup, reasons }) => [backup.id, reasons])),
    };
  }

  async function stored(): Promise<string[]> {
    return (await kit.metadata.backups.listStates()).map(({ id }) => id).sort();
  }

  async function storeSome(): Promise<void> {
    await store('new', 1);
    await store('old', 40);
    await store('older', 50);
    await store('pinned', 60, { pinned: true });
    await store('failed', 70, { status: 'FAILED', components: [], snapshotId: null });
  }

  it('shows in a dry run exactly what a run then does, and changes nothing', async () => {
    await storeSome();
    const dry = await run(true);
    expect(await stored()).to.have.length(5);
    expect(kit.engine.deleted).to.deep.equal([]);
    const real = await run(false);
    expect(real.expired).to.deep.equal(['old', 'older', 'failed']);
    expect({ ...real, dryRun: true }).to.deep.equal(dry);
    expect(await stored()).to.deep.equal(['new', 'pinned']);
    expect(kit.engine.deleted).to.deep.equal(['snapshot old', 'snapshot older']);
    expect(kit.engine.pruneRequests).to.deep.equal([
      { dryRun: true, withoutSnapshots: ['snapshot old', 'snapshot older'] },
      { dryRun: false, withoutSnapshots: [] },
    ]);
  });

  it('says of each backup that stays why it does', async () => {
    await storeSome();
    expect((await run(true)).reasons).to.deep.equal({
      new: ['not expired until 2026-12-22T12:00:00Z', 'newest completed of DATABASE'],
      pinned: ['pinned'],
    });
  });

  it('finds nothing more the second time', async () => {
    await storeSome();
    await run(false);
    expect((await run(false)).expired).to.deep.equal([]);
  });

  it('removes more than one batch', async () => {
    await store('new', 1);
    for (let number = 0; number < 60; number++) await store(`old ${number}`, 40 + number);
    const { expired } = await run(false);
    expect(expired.length).to.equal(60);
    expect(await stored()).to.deep.equal(['new']);
  });

  it('goes by the keep rules of the schedule', async () => {
    const schedule = await kit.schedules.create(ADMIN, {
      name: 'Nightly',
      cron: '0 3 * * *',
      timeZone: 'UTC',
      enabled: true,
      components: ['DATABASE'],
      encrypt: true,
      compress: true,
      retentionDays: 1,
      jitterSeconds: 0,
      keepDaily: 2,
    });
    for (const days of [40, 41, 42]) await store(`day ${days}`, days, { scheduleId: schedule.id });
    const { reasons, expired } = await run(false);
    expect(expired).to.deep.equal(['day 42']);
    expect(reasons['day 41']).to.deep.equal(['keep-daily 2026-10-13']);
  });

  it('keeps what a restore has validated, and what one uses', async () => {
    await store('new', 1);
    await store('verified', 40);
    await store('used', 50);
    const gate = Promise.withResolvers<void>();
    const check = { overwrite: false, validateOnly: true };
    const { id } = await kit.restores.create(ADMIN, { backupId: 'verified', ...check });
    for await (const _ of await kit.progress.restoreProgress(id, null)) {
      // until it has ended
    }
    kit.engine.duringRestore = (_request, { signal }) => workUntil(gate.promise, signal);
    const restore = await kit.restores.create(ADMIN, { backupId: 'used', ...check });
    const { reasons, expired } = await run(false);
    gate.resolve();
    expect(expired).to.deep.equal([]);
    expect(reasons.verified).to.deep.equal(['newest verified of DATABASE']);
    expect(reasons.used).to.deep.equal([`being restored by restore ${restore.id}`]);
  });

  it('keeps what is being downloaded, and says so in a dry run too', async () => {
    await storeSome();
    const end = kit.downloads.begin('old');
    for (const dryRun of [true, false]) {
      const { reasons, expired } = await run(dryRun);
      expect(expired).to.deep.equal(['older', 'failed']);
      expect(reasons.old).to.deep.equal(['being downloaded']);
    }
    end();
    expect((await run(false)).expired).to.deep.equal(['old']);
  });

  it('keeps, and names, what somebody begins to download while it is at work', async () => {
    await storeSome();
    kit.engine.duringDelete = async () => {
      if (!kit.downloads.isDownloading('older')) kit.downloads.begin('older');
    };
    const { expired, reasons } = await run(false);
    expect(expired).to.deep.equal(['old', 'failed']);
    expect(reasons.older).to.deep.equal(['being downloaded']);
    expect(await stored()).to.include('older');
  });

  it('keeps what was pinned while it was at work, and says so', async () => {
    await storeSome();
    kit.engine.duringDelete = async () => {
      await kit.metadata.backups.pin('older', true);
    };
    const { expired, reasons } = await run(false);
    expect(expired).to.deep.equal(['old', 'failed']);
    expect(reasons.older).to.deep.equal(['pinned']);
  });

  it('keeps, and names, what cannot be deleted, and deletes the rest', async () => {
    await storeSome();
    kit.engine.duringDelete = async (snapshotId) => {
      if (snapshotId === 'snapshot old')
        throw new StorageError('SERVICE_UNAVAILABLE', 'The disk is read-only');
    };
    const { expired, reasons } = await run(false);
    expect(expired).to.deep.equal(['older', 'failed']);
    expect(reasons.old?.join()).to.contain('but: The disk is read-only');
    expect(await stored()).to.deep.equal(['new', 'old', 'pinned']);
  });

  it('deletes nothing while a backup is suspicious, says so in a dry run, and goes on once it is confirmed', async () => {
    await storeSome();
    await store('odd', 0, { suspicion: 'FILES holds 0 bytes' });
    for (const dryRun of [true, false]) {
      const report = await run(dryRun);
      expect(report.suspended).to.contain("'odd' (odd): FILES holds 0 bytes");
      expect([report.expired, report.reclaimedBytes]).to.deep.equal([[], 0]);
      expect(report.reasons.old?.join()).to.contain('suspended');
    }
    expect(kit.engine.pruneRequests).to.deep.equal([]);
    expect((await stored()).length).to.equal(6);
    await kit.backups.confirm(ADMIN, 'odd');
    const { expired, suspended } = await run(false);
    expect([expired.length, suspended]).to.deep.equal([3, null]);
  });

  it('stops when a backup turns out suspicious while it is at work', async () => {
    await store('new', 1);
    for (let number = 0; number < 51; number++) await store(`old ${number}`, 40 + number);
    kit.engine.duringDelete = async () => {
      kit.engine.duringDelete = async () => {};
      await store('odd', 0, { suspicion: 'FILES holds 0 bytes' });
    };
    const { expired, suspended } = await run(false);
    expect(expired.length).to.equal(50);
    expect(suspended).to.contain('odd');
  });

  it('runs one at a time, with dry runs beside it', async () => {
    const gate = Promise.withResolvers<void>();
    kit.engine.duringPrune = ({ dryRun }, { signal }) =>
      dryRun ? Promise.resolve() : workUntil(gate.promise, signal);
    const first = run(false);
    await run(true);
    expect(await codeOf(run(false))).to.equal('CONFLICT');
    gate.resolve();
    await first;
    expect((await run(false)).dryRun).to.equal(false);
  });

  it('ends soon when the server stops', async () => {
    kit.engine.duringPrune = (_request, { signal }) => workUntil(new Promise(() => {}), signal);
    const work = codeOf(run(false));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await kit.cleanup.close();
    expect(await work).to.equal('CANCELLED');
  });

  it('audits itself and every backup that it removes', async () => {
    await storeSome();
    await kit.cleanup.run(SCHEDULED_CLEANUP, { dryRun: false });
    const { items: entries } = await kit.audit.list({ page: 1, limit: 10 }, { actor: 'cleanup' });
    const log = entries.map(
      ({ action, actor, target, outcome }) => `${actor} ${action} ${target} ${outcome}`,
    );
    expect(log).to.have.members([
      'cleanup cleanup.run repository ok',
      'cleanup backup.expire old ok',
      'cleanup backup.expire older ok',
      'cleanup backup.expire failed ok',
    ]);
  });
});
