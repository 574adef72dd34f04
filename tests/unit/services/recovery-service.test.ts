import { expect } from 'chai';
import { draftRestorePoint } from '../../../src/services/restore-point.js';
import { toSnapshotLabels } from '../../../src/services/snapshot-labels.js';
import { systemClock } from '../../../src/shared/clock.js';
import { IntegrityError, SourceError } from '../../../src/shared/errors.js';
import { systemRandom } from '../../../src/shared/random.js';
import { describeSnapshot } from '../../support/fake-engine.js';
import {
  ADMIN,
  codeOf,
  FULL,
  followToEnd,
  openServiceKit,
  type ServiceKit,
} from '../../support/service-kit.js';

const NOTHING = {
  deleted: 0,
  rebuilt: 0,
  completed: 0,
  missing: 0,
  interrupted: 0,
  rolledBack: 0,
  finished: 0,
  requeued: 0,
  waitingFor: null,
};

describe('RecoveryService', () => {
  let kit: ServiceKit;

  beforeEach(async () => {
    kit = await openServiceKit();
  });
  afterEach(() => kit.close());

  /** A backup that waits in the metadata and is in no queue, as a crash leaves it. */
  async function leaveQueued(name: string) {
    const gate = Promise.withResolvers<void>();
    kit.engine.duringBackup = () => gate.promise;
    const blocker = await kit.backups.create(ADMIN, FULL);
    const backup = await kit.backups.create(ADMIN, { ...FULL, name });
    const drained = kit.queue.drain(10_000);
    gate.resolve();
    await drained;
    await kit.backups.delete(ADMIN, blocker.id);
    kit.engine.duringBackup = async () => {};
    kit = await kit.restart();
    return backup;
  }

  async function complete() {
    const { id } = await kit.backups.create(ADMIN, { ...FULL, retentionDays: 7, name: 'Till 1' });
    await followToEnd(kit.progress.backupProgress(id, null));
    return kit.backups.get(id);
  }

  it('changes nothing when all is well', async () => {
    const backup = await complete();
    kit = await kit.restart();
    expect(await kit.recovery.recover()).to.deep.equal(NOTHING);
    expect(await kit.backups.get(backup.id)).to.deep.equal(backup);
  });

  it('queues again what waited', async () => {
    const { id } = await leaveQueued('waiting');
    expect(await kit.recovery.recover()).to.deep.equal({ ...NOTHING, requeued: 1 });
    const events = await followToEnd(kit.progress.backupProgress(id, 0));
    expect(events.at(-1)).to.include({ status: 'COMPLETED', phase: 'DONE' });
    expect(events.map(({ sequence }) => sequence)).to.deep.equal(events.map((_, place) => place + 1));
  });

  it('ends a backup that ran with INTERRUPTED and a DONE event', async () => {
    const { id } = await leaveQueued('running');
    await kit.metadata.backups.update(id, ['QUEUED'], { status: 'RUNNING' });
    expect(await kit.recovery.recover()).to.deep.equal({ ...NOTHING, interrupted: 1 });
    expect((await kit.backups.get(id)).error?.code).to.equal('INTERRUPTED');
    const events = await followToEnd(kit.progress.backupProgress(id, 0));
    expect(events.at(-1)).to.include({ status: 'FAILED', phase: 'DONE' });
  });

  for (const status of ['RUNNING', 'FAILED'] as const) {
    it(`completes a ${status} backup whose snapshot was committed`, async () => {
      const queued = await leaveQueued('committed');
      const backup = await kit.metadata.backups.update(queued.id, ['QUEUED'], { status });
      const snapshot = describeSnapshot({
        backupId: queued.id,
        components: queued.requestedComponents,
        encrypt: true,
        compress: true,
        compressionLevel: null,
        labels: toSnapshotLabels(backup ?? queued),
      });
      kit.engine.snapshots.set(snapshot.snapshotId, snapshot);
      expect(await kit.recovery.recover()).to.deep.equal({ ...NOTHING, completed: 1 });
      const completed = await kit.backups.get(queued.id);
      expect(completed).to.include({
        status: 'COMPLETED',
        snapshotId: snapshot.snapshotId,
        sizeBytes: 1_000,
      });
      expect(completed.completedAt?.getTime()).to.equal(snapshot.completedAtMs);
      expect((await kit.progress.latestBackupProgresses([queued.id]))[0]).to.include({
        status: 'COMPLETED',
        percent: 100,
      });
    });
  }

  context('when what an interrupted restore left cannot be put right yet', () => {
    let isDown: boolean;

    /** A restore that was writing and a backup that waits, when the server starts again over a till that is out of reach. */
    async function interrupt() {
      const { id } = await complete();
      await kit.queue.drain(1_000);
      const restore = { ...queuedRestore(id), status: 'RESTORING' as const };
      await kit.metadata.restores.insert(restore);
      kit = await kit.restart();
      isDown = true;
      kit.engine.duringRecovery = async () => {
        if (isDown) throw new SourceError('Server "db" cannot be reached');
      };
      return { backupId: id, restore, report: await kit.recovery.recover() };
    }
    const restoreInput = (backupId: string) => ({ backupId, overwrite: true, validateOnly: false });

    it('starts, refuses what touches the till, and says why', async () => {
      const { backupId, restore, report } = await interrupt();
      expect(report).to.deep.equal({ ...NOTHING, waitingFor: 'Server "db" cannot be reached' });
      expect(await codeOf(kit.backups.create(ADMIN, FULL))).to.equal('SERVICE_UNAVAILABLE');
      expect(await codeOf(kit.restores.create(ADMIN, restoreInput(backupId)))).to.equal(
        'SERVICE_UNAVAILABLE',
      );
      expect((await kit.restores.get(restore.id)).status).to.equal('RESTORING');
      expect(kit.failures).to.have.lengthOf(1);
    });

    it('still validates backups', async () => {
      const { backupId } = await interrupt();
      const { id } = await kit.restores.create(ADMIN, { ...restoreInput(backupId), validateOnly: true });
      await followToEnd(kit.progress.restoreProgress(id, 0));
      expect((await kit.restores.get(id)).status).to.equal('COMPLETED');
    });

    it('tries again, ends the restore and takes work', async () => {
      const { restore } = await interrupt();
      isDown = false;
      const events = await followToEnd(kit.progress.restoreProgress(restore.id, 0));
      expect(events.at(-1)).to.include({ status: 'FAILED', phase: 'DONE' });
      const { id } = await kit.backups.create(ADMIN, FULL);
      await followToEnd(kit.progress.backupProgress(id, 0));
      expect((await kit.backups.get(id)).status).to.equal('COMPLETED');
    });

    it('does not start over a journal that cannot be understood', async () => {
      kit.engine.duringRecovery = async () => {
        throw new IntegrityError('Journal entry "r.json" cannot be understood');
      };
      expect(await codeOf(kit.recovery.recover())).to.equal('DATA_CORRUPTED');
    });
  });

  it('gives every snapshot its row back after the metadata is lost', async () => {
    const before = await complete();
    const { engine } = kit;
    await kit.close();
    kit = await openServiceKit();
    for (const [id, snapshot] of engine.snapshots) kit.engine.snapshots.set(id, snapshot);
    expect(await kit.recovery.recover()).to.deep.equal({ ...NOTHING, rebuilt: 1 });
    const after = await kit.backups.get(before.id);
    const { startedAt: _began, completedAt: _ended, ...kept } = before;
    expect(after).to.deep.include(kept);
    expect(await kit.recovery.recover()).to.deep.equal(NOTHING);
  });

  it('finishes a deletion that was cut short before the snapshot was gone', async () => {
    const { id, snapshotId } = await complete();
    await kit.metadata.backups.beginDeletion(id, ['COMPLETED'], new Date(0));
    kit = await kit.restart();
    expect(await kit.recovery.recover()).to.deep.equal({ ...NOTHING, deleted: 1 });
    expect(kit.engine.deleted).to.deep.equal([snapshotId]);
    expect(await kit.backups.find(id)).to.equal(null);
  });

  it('finishes a deletion that was cut short after the snapshot was gone', async () => {
    const { id } = await complete();
    await kit.metadata.backups.beginDeletion(id, ['COMPLETED'], new Date(0));
    kit.engine.snapshots.clear();
    expect(await kit.recovery.recover()).to.deep.equal({ ...NOTHING, deleted: 1 });
    expect(await kit.backups.find(id)).to.equal(null);
  });

  it('does not keep a backup COMPLETED whose snapshot is gone, and heals it when the snapshot is back', async () => {
    const { id } = await complete();
    const [snapshot] = kit.engine.snapshots.values();
    kit.engine.snapshots.clear();
    expect(await kit.recovery.recover()).to.deep.equal({ ...NOTHING, missing: 1 });
    expect(await kit.backups.get(id)).to.include({ status: 'FAILED' });
    if (snapshot) kit.engine.snapshots.set(snapshot.snapshotId, snapshot);
    expect(await kit.recovery.recover()).to.deep.equal({ ...NOTHING, completed: 1 });
    expect(await kit.backups.get(id)).to.deep.include({ status: 'COMPLETED', error: null });
  });

  for (const status of ['VALIDATING', 'RESTORING'] as const) {
    it(`ends a restore that was ${status} with INTERRUPTED and a DONE event`, async () => {
      const backup = await complete();
      await kit.queue.drain(1_000);
      const restore = { ...queuedRestore(backup.id), status };
      await kit.metadata.restores.insert(restore);
      kit = await kit.restart();
      expect(await kit.recovery.recover()).to.deep.equal({ ...NOTHING, interrupted: 1 });
      expect((await kit.restores.get(restore.id)).error?.code).to.equal('INTERRUPTED');
      const events = await followToEnd(kit.progress.restoreProgress(restore.id, 0));
      expect(events.at(-1)).to.include({ status: 'FAILED', phase: 'DONE' });
    });
  }

  for (const [end, status, report] of [
    ['rolledBack', 'ROLLED_BACK', { rolledBack: 1 }],
    ['completed', 'COMPLETED', { finished: 1 }],
  ] as const) {
    it(`ends a restore ${status} whose swap was cut short and put right, then lets the engine forget it`, async () => {
      const backup = await complete();
      await kit.queue.drain(1_000);
      const restore = { ...queuedRestore(backup.id), status: 'RESTORING' as const, targetPath: 'beside' };
      await kit.metadata.restores.insert(restore);
      kit = await kit.restart();
      const unended = {
        restoreId: restore.id,
        components: restore.components,
        targetFolder: `${kit.restoreDir}/beside`,
        paths: null,
      };
      const outcome = {
        validated: true,
        restoredFiles: 3,
        skippedFiles: 1,
        restoredBytes: 500,
        notices: ['A word'],
      };
      kit.engine.interrupted = [{ ...unended, backupId: backup.id, end, outcome }];
      expect(await kit.recovery.recover()).to.deep.equal({ ...NOTHING, ...report });
      expect(kit.engine.unended).to.deep.equal([unended]);
      expect(kit.engine.acknowledged).to.include(restore.id);
      const ended = await kit.restores.get(restore.id);
      expect(ended).to.include({ status, validated: true });
      expect(ended.restoredFiles).to.equal(end === 'completed' ? 3 : 0);
      const events = await followToEnd(kit.progress.restoreProgress(restore.id, 0));
      expect(events.at(-1)).to.include({ status, phase: 'DONE' });
    });
  }

  it('tells a restore of its restore point when it had been committed', async () => {
    const backup = await complete();
    await kit.queue.drain(1_000);
    const restore = { ...queuedRestore(backup.id), status: 'RESTORING' as const };
    await kit.metadata.restores.insert(restore);
    kit = await kit.restart();
    const { backupId, labels } = draftRestorePoint(restore, { clock: systemClock, random: systemRandom });
    const point = describeSnapshot({
      backupId,
      labels,
      components: ['DATABASE'],
      encrypt: true,
      compress: true,
      compressionLevel: null,
    });
    kit.engine.snapshots.set(point.snapshotId, point);
    expect(await kit.recovery.recover()).to.deep.equal({ ...NOTHING, rebuilt: 1, interrupted: 1 });
    expect((await kit.restores.get(restore.id)).restorePointId).to.equal(backupId);
    expect(await kit.backups.get(backupId)).to.include({
      trigger: 'PRE_RESTORE',
      retentionDays: 30,
      status: 'COMPLETED',
    });
  });

  it('queues backups and restores again in the order in which they were asked for', async () => {
    const backup = await complete();
    const early = { ...queuedRestore(backup.id), createdAt: new Date('2020-01-01') };
    await kit.metadata.restores.insert(early);
    const late = await leaveQueued('late');
    const order: string[] = [];
    kit.engine.duringBackup = async ({ backupId }) => {
      order.push(backupId);
    };
    kit.engine.duringRestore = async ({ restoreId }) => {
      order.push(restoreId);
    };
    expect((await kit.recovery.recover()).requeued).to.equal(2);
    await followToEnd(kit.progress.backupProgress(late.id, null));
    await followToEnd(kit.progress.restoreProgress(early.id, null));
    expect(order).to.deep.equal([early.id, late.id]);
  });
});

/** A restore that waits. */
function queuedRestore(backupId: string) {
  return {
    id: 'restore-1',
    backupId,
    backupName: 'Till 1',
    status: 'QUEUED' as const,
    components: ['DATABASE' as const],
    overwrite: true,
    validateOnly: false,
    paths: null,
    targetPath: null,
    validated: false,
    takesRestorePoint: true,
    restorePointId: null,
    restoredFiles: 0,
    skippedFiles: 0,
    restoredBytes: 0,
    notices: [],
    createdAt: new Date('2026-01-01'),
    startedAt: null,
    completedAt: null,
    createdBy: 'alice',
    error: null,
    idempotencyKey: null,
  };
}
