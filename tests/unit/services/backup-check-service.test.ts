import { expect } from 'chai';
import type { BackupCheck, CheckKind } from '../../../src/shared/backup-check.js';
import { IntegrityError, StorageError } from '../../../src/shared/errors.js';
import { TESTED, workUntil } from '../../support/fake-engine.js';
import {
  ADMIN,
  codeOf,
  FULL,
  followToEnd,
  openServiceKit,
  type ServiceKit,
} from '../../support/service-kit.js';

describe('BackupCheckService', () => {
  let kit: ServiceKit;
  let backupId: string;

  beforeEach(async () => {
    kit = await openServiceKit();
    backupId = await backUp();
  });
  afterEach(() => kit.close());

  async function backUp(): Promise<string> {
    const { id } = await kit.backups.create(ADMIN, FULL);
    await followToEnd(kit.progress.backupProgress(id, 0));
    return id;
  }

  /** Starts a check and waits for its end. */
  async function check(kind: CheckKind = 'VERIFICATION', id = backupId): Promise<BackupCheck> {
    await kit.checks.start(ADMIN, kind, id);
    return ended(kind, id);
  }

  async function ended(kind: CheckKind = 'VERIFICATION', id = backupId): Promise<BackupCheck> {
    const changes = kit.feed.subscribe();
    for (;;) {
      const latest = await kit.checks.latest(id, kind);
      if (latest && latest.status !== 'RUNNING') return latest;
      await changes.next();
    }
  }

  it('is RUNNING at once, and PASSED with the bytes checked at the end', async () => {
    expect(await kit.checks.start(ADMIN, 'VERIFICATION', backupId)).to.include({
      status: 'RUNNING',
      backupId,
      createdBy: 'alice',
    });
    expect(await ended()).to.deep.include({ status: 'PASSED', checkedBytes: 1_000, error: null });
    expect(kit.alerts).to.deep.equal([]);
  });

  it('is FAILED, naming the damage, and an administrator is told', async () => {
    const damaged = [{ component: 'FILES' as const, path: 'files/a', reason: 'it is short' }];
    kit.engine.duringVerify = async () => ({ checkedBytes: 900, checkedFiles: 4, damagedFiles: 3, damaged });
    const { status, error } = await check();
    expect([status, error?.code]).to.deep.equal(['FAILED', 'DATA_CORRUPTED']);
    expect(error?.message).to.match(/^Damaged: file "files\/a" and 2 more \(it is short\)/);
    expect(kit.alerts.map(({ kind, subject }) => [kind, subject])).to.deep.equal([
      ['verification.failed', backupId],
    ]);
  });

  it('keeps what a restore test found with the backup', async () => {
    const { status, evidence } = await check('RESTORE_TEST');
    expect([status, evidence]).to.deep.equal(['PASSED', { version: '1.2.3', components: [TESTED] }]);
  });

  it('tells of a restore test that failed, and lets go of what it left', async () => {
    kit.engine.duringTest = async () => {
      throw new IntegrityError('Database "pos.db" is no sound SQLite database');
    };
    const { id, status, error } = await check('RESTORE_TEST');
    expect([status, error?.code]).to.deep.equal(['FAILED', 'DATA_CORRUPTED']);
    expect(kit.alerts[0]).to.include({ kind: 'restoreTest.failed', subject: backupId });
    expect(kit.engine.acknowledged).to.include(id);
  });

  it('answers the one that runs', async () => {
    const gate = Promise.withResolvers<void>();
    kit.engine.duringTest = (_request, { signal }) => workUntil(gate.promise, signal);
    const { id } = await kit.checks.start(ADMIN, 'RESTORE_TEST', backupId);
    expect((await kit.checks.start(ADMIN, 'RESTORE_TEST', backupId)).id).to.equal(id);
    gate.resolve();
    await ended('RESTORE_TEST');
  });

  it('does not wait for backups, nor let them wait', async () => {
    const gate = Promise.withResolvers<void>();
    kit.engine.duringTest = (_request, { signal }) => workUntil(gate.promise, signal);
    await kit.checks.start(ADMIN, 'RESTORE_TEST', backupId);
    expect((await kit.backups.get(await backUp())).status).to.equal('COMPLETED');
    gate.resolve();
    await ended('RESTORE_TEST');
  });

  it('ends FAILED when the server stops, which alarms nobody', async () => {
    kit.engine.duringTest = (_request, { signal }) => workUntil(new Promise(() => {}), signal);
    const { id } = await kit.checks.start(ADMIN, 'RESTORE_TEST', backupId);
    kit = await kit.restart();
    expect((await kit.checks.latest(backupId, 'RESTORE_TEST'))?.error?.code).to.equal('INTERRUPTED');
    expect([await kit.checks.recover(), kit.alerts]).to.deep.equal([0, []]);
    expect(kit.engine.acknowledged).to.include(id);
  });

  it('is put right after a crash', async () => {
    await check('RESTORE_TEST');
    const before = await kit.checks.latest(backupId, 'RESTORE_TEST');
    await kit.metadata.checks.insert({ ...before!, id: 'dead', status: 'RUNNING', completedAt: null });
    kit = await kit.restart();
    expect(await kit.checks.recover()).to.equal(1);
    expect(await kit.metadata.checks.findRunning(backupId, 'RESTORE_TEST')).to.equal(null);
    expect(kit.engine.acknowledged).to.include('dead');
  });

  it('is forgotten with its backup, which may be deleted while it runs', async () => {
    const gate = Promise.withResolvers<void>();
    kit.engine.duringTest = (_request, { signal }) => workUntil(gate.promise, signal);
    await kit.checks.start(ADMIN, 'RESTORE_TEST', backupId);
    await kit.backups.delete(ADMIN, backupId);
    gate.reject(new StorageError('SERVICE_UNAVAILABLE', 'Gone'));
    const other = await backUp();
    kit.engine.duringTest = async () => {};
    expect((await check('RESTORE_TEST', other)).status).to.equal('PASSED');
    expect([await kit.checks.latest(backupId, 'RESTORE_TEST'), kit.alerts]).to.deep.equal([null, []]);
  });

  it('tests the newest backup that is not a restore point', async () => {
    const newest = await backUp();
    const point = { ...(await kit.backups.get(newest)), id: 'point', trigger: 'PRE_RESTORE' as const };
    const createdAt = new Date(point.createdAt.getTime() + 1_000);
    await kit.metadata.backups.insertAll([{ ...point, createdAt }], []);
    expect(await kit.checks.testNewest()).to.include({ backupId: newest, createdBy: 'restore-test' });
    await ended('RESTORE_TEST', newest);
  });

  it('has nothing to test where there is no backup', async () => {
    await kit.backups.delete(ADMIN, backupId);
    expect(await kit.checks.testNewest()).to.equal(null);
  });

  it('is refused for a backup that is not there, or not COMPLETED', async () => {
    expect(await codeOf(kit.checks.start(ADMIN, 'VERIFICATION', 'nope'))).to.equal('NOT_FOUND');
    await kit.metadata.backups.update(backupId, ['COMPLETED'], { status: 'FAILED' });
    expect(await codeOf(kit.checks.start(ADMIN, 'VERIFICATION', backupId))).to.equal('CONFLICT');
  });
});
