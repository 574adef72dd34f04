import { expect } from 'chai';
import { AppError, CancelledError, StorageError } from '../../../../src/shared/errors.js';
import type { HookRun } from '../../../../src/shared/hook.js';
import { workUntil } from '../../../support/fake-engine.js';
import { ADMIN, FULL, followToEnd, openServiceKit, type ServiceKit } from '../../../support/service-kit.js';

describe('OperationHooks', () => {
  let kit: ServiceKit;
  let seen: string[];
  /** What a hook does, after it was noted. */
  let act: (run: HookRun, signal?: AbortSignal) => Promise<void>;

  beforeEach(async () => {
    seen = [];
    act = async () => {};
    kit = await openServiceKit({
      runHook: async (run, signal) => {
        seen.push(`${run.moment} ${run.status}`);
        await act(run, signal);
      },
    });
    kit.engine.duringBackup = async () => {
      seen.push('the backup');
    };
    kit.engine.duringRestore = async () => {
      seen.push('the restore');
    };
  });
  afterEach(() => kit.close());

  async function backUp() {
    const { id } = await kit.backups.create(ADMIN, FULL);
    await followToEnd(kit.progress.backupProgress(id, 0));
    return kit.backups.get(id);
  }

  async function restore(changes: { validateOnly?: boolean; targetPath?: string } = {}) {
    const { id: backupId } = await backUp();
    seen.length = 0;
    const { id } = await kit.restores.create(ADMIN, {
      backupId,
      overwrite: true,
      validateOnly: false,
      ...changes,
    });
    await followToEnd(kit.progress.restoreProgress(id, 0));
    return kit.restores.get(id);
  }

  function fail(moment: HookRun['moment'], error: Error): void {
    act = async (run) => {
      if (run.moment === moment) throw error;
    };
  }

  const FAILURE = new AppError('HOOK_FAILED', 'The hook said no');

  it('run around a backup', async () => {
    expect((await backUp()).status).to.equal('COMPLETED');
    expect(seen).to.deep.equal(['beforeBackup RUNNING', 'the backup', 'afterBackup COMPLETED']);
  });

  it('fail the backup when the first one fails, and run the second one all the same', async () => {
    fail('beforeBackup', FAILURE);
    const { status, error } = await backUp();
    expect({ status, error }).to.deep.equal({
      status: 'FAILED',
      error: { code: 'HOOK_FAILED', message: 'The hook said no' },
    });
    expect(seen).to.deep.equal(['beforeBackup RUNNING', 'afterBackup FAILED']);
  });

  it('run after a backup that failed', async () => {
    kit.engine.duringBackup = async () => {
      throw new StorageError('INSUFFICIENT_STORAGE', 'The disk is full');
    };
    await backUp();
    expect(seen).to.deep.equal(['beforeBackup RUNNING', 'afterBackup FAILED']);
  });

  it('leave a notice when the one after a backup fails', async () => {
    fail('afterBackup', FAILURE);
    const { status, notices } = await backUp();
    expect({ status, notices }).to.deep.equal({
      status: 'COMPLETED',
      notices: ['A socket was left out', 'The hook said no'],
    });
  });

  it('report a fault of the one after a backup, and leave a notice', async () => {
    fail('afterBackup', new Error('A bug'));
    expect((await backUp()).notices.length).to.equal(2);
    expect(kit.failures.length).to.equal(1);
  });

  it('are cancelled with the backup, and the second one still runs', async () => {
    const begun = Promise.withResolvers<void>();
    act = async ({ moment }, signal) => {
      if (moment !== 'beforeBackup') return;
      begun.resolve();
      await workUntil(new Promise(() => {}), signal);
    };
    const { id } = await kit.backups.create(ADMIN, FULL);
    await begun.promise;
    expect((await kit.backups.cancel(ADMIN, id)).status).to.equal('CANCELLED');
    expect(seen).to.deep.equal(['beforeBackup RUNNING', 'afterBackup CANCELLED']);
  });

  it('do not run for a backup that is cancelled while it waits', async () => {
    const gate = Promise.withResolvers<void>();
    kit.engine.duringBackup = (_request, { signal }) => workUntil(gate.promise, signal);
    const first = await kit.backups.create(ADMIN, FULL);
    const waiting = await kit.backups.create(ADMIN, FULL);
    await kit.backups.cancel(ADMIN, waiting.id);
    gate.resolve();
    await followToEnd(kit.progress.backupProgress(first.id, 0));
    expect(seen).to.deep.equal(['beforeBackup RUNNING', 'afterBackup COMPLETED']);
  });

  it('run around a restore of live data', async () => {
    expect((await restore()).status).to.equal('COMPLETED');
    expect(seen).to.deep.equal(['beforeRestore RESTORING', 'the restore', 'afterRestore COMPLETED']);
  });

  it('stop a restore before anything is touched', async () => {
    fail('beforeRestore', FAILURE);
    expect((await restore()).error?.code).to.equal('HOOK_FAILED');
    expect(kit.engine.restoreRequests).to.deep.equal([]);
    expect(seen).to.deep.equal(['beforeRestore RESTORING', 'afterRestore FAILED']);
  });

  it('leave a notice when the one after a restore fails', async () => {
    fail('afterRestore', FAILURE);
    expect((await restore()).notices).to.include('The hook said no');
  });

  it('do not run for restores that leave live data alone', async () => {
    await restore({ validateOnly: true });
    await restore({ targetPath: 'beside' });
    expect(seen).to.deep.equal(['the restore']);
  });

  it('run after what was running when the server died, at the next start, so that the till comes up again', async () => {
    const { id } = await kit.backups.create(ADMIN, FULL);
    await followToEnd(kit.progress.backupProgress(id, 0));
    const { snapshotId: _, ...row } = await kit.backups.get(id);
    const running = { ...row, id: 'dead', status: 'RUNNING' as const, snapshotId: null, components: [] };
    await kit.metadata.backups.insert(running);
    seen.length = 0;
    await kit.recovery.recover();
    expect(seen).to.deep.equal(['afterBackup FAILED']);
    expect((await kit.backups.get('dead')).status).to.equal('FAILED');
  });

  it('tell a cancellation from a failure', async () => {
    fail('beforeBackup', new CancelledError());
    expect((await backUp()).error?.code).to.equal('INTERRUPTED');
  });
});
