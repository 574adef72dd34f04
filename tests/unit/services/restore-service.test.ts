import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { AppError, CancelledError, IntegrityError, SourceError } from '../../../src/shared/errors.js';
import { describeSnapshot, toRestoreUpdate, workUntil } from '../../support/fake-engine.js';
import {
  ADMIN,
  codeOf,
  FULL,
  followToEnd,
  openServiceKit,
  type ServiceKit,
} from '../../support/service-kit.js';

describe('RestoreService', () => {
  let kit: ServiceKit;
  let backupId: string;

  beforeEach(async () => {
    kit = await openServiceKit();
    const backup = await kit.backups.create(ADMIN, {
      ...FULL,
      type: 'PARTIAL',
      components: ['DATABASE', 'FILES'],
      name: 'Till 1',
    });
    backupId = backup.id;
    await followToEnd(kit.progress.backupProgress(backupId, null));
  });
  afterEach(() => kit.close());

  const asked = () => ({ backupId, overwrite: false, validateOnly: false });

  /** Creates a restore and waits for its end. */
  async function complete(input: Parameters<ServiceKit['restores']['create']>[1] = asked()) {
    const { id } = await kit.restores.create(ADMIN, input);
    const events = await followToEnd(kit.progress.restoreProgress(id, 0));
    return { restore: await kit.restores.get(id), events };
  }

  describe('create()', () => {
    it('answers with the queued restore of every component that the backup holds', async () => {
      const restore = await kit.restores.create(ADMIN, asked());
      expect(restore).to.deep.include({
        status: 'QUEUED',
        backupName: 'Till 1',
        components: ['DATABASE', 'FILES'],
      });
    });

    it('goes from VALIDATING to RESTORING when the engine has validated, and to COMPLETED', async () => {
      const stored: string[] = [];
      kit.engine.duringRestore = async ({ restoreId }, { onProgress }) => {
        onProgress?.(toRestoreUpdate({ phase: 'VALIDATING', processedBytes: 5, totalBytes: 20 }));
        onProgress?.(
          toRestoreUpdate({ phase: 'STAGING', processedBytes: 10, totalBytes: 20, validated: true }),
        );
        onProgress?.(
          toRestoreUpdate({ phase: 'CHECKING', processedBytes: 20, totalBytes: 20, validated: true }),
        );
        await new Promise((resolve) => setTimeout(resolve, 20));
        stored.push((await kit.restores.get(restoreId)).status);
      };
      const { restore, events } = await complete();
      expect(restore).to.include({
        status: 'COMPLETED',
        validated: true,
        restoredFiles: 3,
        restoredBytes: 1_000,
      });
      expect(stored).to.deep.equal(['RESTORING']);
      const steps = events.map(({ status, phase }) => `${status} ${phase}`);
      expect(steps.filter((step, place) => step !== steps[place - 1])).to.deep.equal([
        'QUEUED QUEUED',
        'VALIDATING VALIDATING',
        'RESTORING STAGING',
        'RESTORING CHECKING',
        'COMPLETED DONE',
      ]);
    });

    it('stays VALIDATING until the end when nothing is to be written', async () => {
      kit.engine.duringRestore = async (_request, { onProgress }) => {
        onProgress?.(
          toRestoreUpdate({ phase: 'VALIDATING', processedBytes: 20, totalBytes: 20, validated: true }),
        );
      };
      const { restore, events } = await complete({ ...asked(), validateOnly: true });
      expect(restore).to.include({ status: 'COMPLETED', validated: true, restoredFiles: 0 });
      expect(events.some(({ status }) => status === 'RESTORING')).to.equal(false);
    });

    it('ends FAILED with the reason, and remembers whether everything was validated', async () => {
      kit.engine.duringRestore = async () => {
        throw new IntegrityError("A chunk of 'receipts/1.txt' is damaged");
      };
      const { restore } = await complete();
      expect(restore).to.deep.include({
        status: 'FAILED',
        validated: false,
        error: { code: 'DATA_CORRUPTED', message: "A chunk of 'receipts/1.txt' is damaged" },
      });
    });

    it('goes on until live data is whole again, and refuses other work meanwhile', async () => {
      let attempts = 0;
      kit.engine.duringRestore = async ({ restoreId }) => {
        const outcome = { validated: true, restoredFiles: 0, skippedFiles: 0, restoredBytes: 0, notices: [] };
        const restore = { restoreId, components: [], targetFolder: null, paths: null };
        kit.engine.interrupted = [{ ...restore, backupId, end: 'rolledBack', outcome }];
        throw new AppError('INTERNAL_SERVER_ERROR', 'Live data is not whole', { details: { isStuck: true } });
      };
      kit.engine.duringRecovery = async () => {
        expect(await codeOf(kit.backups.create(ADMIN, FULL))).to.equal('SERVICE_UNAVAILABLE');
        if (attempts++ === 0) throw new SourceError('The database server is down');
      };
      const { restore } = await complete();
      expect([restore.status, attempts]).to.deep.equal(['ROLLED_BACK', 2]);
      expect((await kit.backups.create(ADMIN, FULL)).status).to.equal('QUEUED');
    });

    it('ends ROLLED_BACK when the engine brought live data back', async () => {
      kit.engine.duringRestore = async () => {
        throw new IntegrityError('The staged database is damaged', { details: { rolledBack: true } });
      };
      expect((await complete()).restore.status).to.equal('ROLLED_BACK');
    });

    it('gives the engine the absolute target folder', async () => {
      await complete({ ...asked(), components: ['FILES'], targetPath: './a//b/' });
      expect(kit.engine.restoreRequests[0]).to.deep.include({
        components: ['FILES'],
        targetFolder: join(kit.restoreDir, 'a', 'b'),
      });
    });

    it('makes one restore of 20 requests at once with the same key', async () => {
      const all = Array.from({ length: 20 }, () =>
        kit.restores.create(ADMIN, { ...asked(), targetPath: 'x', idempotencyKey: 'once' }),
      );
      expect(new Set((await Promise.all(all)).map(({ id }) => id)).size).to.equal(1);
    });

    it('answers the same key with the first restore after the target is full and the backup gone', async () => {
      const input = { ...asked(), targetPath: 'x', idempotencyKey: 'once' };
      const { restore } = await complete(input);
      await kit.backups.delete(ADMIN, backupId);
      expect((await kit.restores.create(ADMIN, input)).id).to.equal(restore.id);
    });

    it('keeps the keys of backups and restores apart', async () => {
      const key = { idempotencyKey: 'shared' };
      const backup = await kit.backups.create(ADMIN, { ...FULL, ...key });
      const restore = await kit.restores.create(ADMIN, { ...asked(), ...key });
      expect(restore.id).not.to.equal(backup.id);
    });

    it('does not find an unknown backup', async () => {
      expect(await codeOf(kit.restores.create(ADMIN, { ...asked(), backupId: 'none' }))).to.equal(
        'NOT_FOUND',
      );
    });

    it('is a conflict when the backup is not COMPLETED', async () => {
      kit.engine.duringBackup = async () => {
        throw new CancelledError();
      };
      const failed = await kit.backups.create(ADMIN, FULL);
      await followToEnd(kit.progress.backupProgress(failed.id, null));
      expect(await codeOf(kit.restores.create(ADMIN, { ...asked(), backupId: failed.id }))).to.equal(
        'CONFLICT',
      );
    });

    it('is a conflict while the backup is being deleted', async () => {
      await kit.metadata.backups.beginDeletion(backupId, ['COMPLETED'], new Date(0));
      expect(await codeOf(kit.restores.create(ADMIN, asked()))).to.equal('CONFLICT');
    });

    it('is refused once the server shuts down', async () => {
      await kit.queue.drain(0);
      expect(await codeOf(kit.restores.create(ADMIN, asked()))).to.equal('SERVICE_UNAVAILABLE');
    });

    const refused: [string, object][] = [
      ['a component that the backup does not hold', { components: ['CACHE'] }],
      ['no component', { components: [] }],
      ['an empty target path', { targetPath: '' }],
      ['the restore folder itself', { targetPath: './.' }],
      ['an absolute target path', { targetPath: '/etc' }],
      ['an absolute target path of Windows', { targetPath: 'C:\\till' }],
      ['a target path with a backslash', { targetPath: 'a\\..\\..\\b' }],
      ['a target path that climbs', { targetPath: '../live' }],
      ['a target path that climbs later', { targetPath: 'a/../../live' }],
      ['a target path with NUL', { targetPath: 'a\u0000b' }],
      ['a target path with a name of 256 bytes', { targetPath: 'x'.repeat(256) }],
      ['a target path of 1,025 characters', { targetPath: `${'x/'.repeat(512)}x` }],
    ];
    for (const [what, input] of refused) {
      it(`refuses ${what} and stores nothing`, async () => {
        expect(await codeOf(kit.restores.create(ADMIN, { ...asked(), ...input }))).to.equal('BAD_USER_INPUT');
        expect((await kit.restores.list({ page: 1, limit: 1 }, null)).total).to.equal(0);
      });
    }

    context('when links lie in the restore folder', () => {
      beforeEach(async () => {
        await mkdir(join(kit.restoreDir, 'real'), { recursive: true });
        await mkdir(join(kit.folder, 'outside'));
        await symlink(join(kit.folder, 'outside'), join(kit.restoreDir, 'out'));
        await symlink('..', join(kit.restoreDir, 'up'));
        await symlink(join(kit.folder, 'nowhere'), join(kit.restoreDir, 'dangling'));
        await symlink('real', join(kit.restoreDir, 'within'));
        await writeFile(join(kit.restoreDir, 'file'), '');
      });

      for (const targetPath of ['out', 'out/deep/er', 'up/x', 'up']) {
        it(`refuses '${targetPath}', which leads out`, async () => {
          expect(await codeOf(kit.restores.create(ADMIN, { ...asked(), targetPath }))).to.equal(
            'BAD_USER_INPUT',
          );
        });
      }

      for (const targetPath of ['dangling', 'dangling/x', 'file', 'file/x']) {
        it(`is a conflict for '${targetPath}', where no folder can be made`, async () => {
          expect(await codeOf(kit.restores.create(ADMIN, { ...asked(), targetPath }))).to.equal('CONFLICT');
        });
      }

      it('accepts a link that stays within', async () => {
        expect((await complete({ ...asked(), targetPath: 'within/x' })).restore.status).to.equal('COMPLETED');
      });

      it('is a conflict for a folder that holds something', async () => {
        await writeFile(join(kit.restoreDir, 'real', 'receipt'), '');
        expect(await codeOf(kit.restores.create(ADMIN, { ...asked(), targetPath: 'real' }))).to.equal(
          'CONFLICT',
        );
      });

      it('looks again when the restore begins', async () => {
        const gate = Promise.withResolvers<void>();
        kit.engine.duringBackup = (_request, { signal }) => workUntil(gate.promise, signal);
        await kit.backups.create(ADMIN, FULL);
        const { id } = await kit.restores.create(ADMIN, { ...asked(), targetPath: 'later' });
        await symlink(join(kit.folder, 'outside'), join(kit.restoreDir, 'later'));
        gate.resolve();
        await followToEnd(kit.progress.restoreProgress(id, null));
        expect((await kit.restores.get(id)).error?.code).to.equal('BAD_USER_INPUT');
        expect(kit.engine.restoreRequests).to.deep.equal([]);
      });
    });
  });

  describe('cancel()', () => {
    it('ends a running restore', async () => {
      const begun = Promise.withResolvers<void>();
      kit.engine.duringRestore = (_request, { signal }) => {
        begun.resolve();
        return workUntil(new Promise(() => undefined), signal);
      };
      const { id } = await kit.restores.create(ADMIN, asked());
      await begun.promise;
      expect(await kit.restores.cancel(ADMIN, id)).to.deep.include({
        status: 'CANCELLED',
        error: { code: 'CANCELLED', message: "Cancelled by 'alice'" },
      });
    });

    it('answers ROLLED_BACK when live data had been touched', async () => {
      const begun = Promise.withResolvers<void>();
      kit.engine.duringRestore = async (_request, { signal }) => {
        begun.resolve();
        await workUntil(new Promise(() => undefined), signal).catch((cause: unknown) => {
          throw new CancelledError(undefined, { cause, details: { rolledBack: true } });
        });
      };
      const { id } = await kit.restores.create(ADMIN, asked());
      await begun.promise;
      expect((await kit.restores.cancel(ADMIN, id)).status).to.equal('ROLLED_BACK');
    });

    it('ends a waiting restore at once', async () => {
      const { id } = await kit.restores.create(ADMIN, asked());
      expect((await kit.restores.cancel(ADMIN, id)).status).to.equal('CANCELLED');
      const events = await followToEnd(kit.progress.restoreProgress(id, 0));
      expect(events.at(-1)).to.include({ status: 'CANCELLED', phase: 'DONE', percent: 0 });
    });

    it('is a conflict when the restore has ended', async () => {
      const { restore } = await complete();
      expect(await codeOf(kit.restores.cancel(ADMIN, restore.id))).to.equal('CONFLICT');
    });

    it('does not find an unknown restore', async () => {
      expect(await codeOf(kit.restores.cancel(ADMIN, 'none'))).to.equal('NOT_FOUND');
    });
  });

  describe('restore point', () => {
    /** A restore whose engine has committed its restore point and goes on until `gate` opens. */
    async function reachPoint(gate: Promise<void>) {
      const reached = Promise.withResolvers<void>();
      kit.engine.duringRestore = async ({ restorePoint }, { signal, onProgress }) => {
        const point = describeSnapshot({
          ...restorePoint!,
          components: ['DATABASE'],
          encrypt: true,
          compress: true,
          compressionLevel: null,
        });
        kit.engine.snapshots.set(point.snapshotId, point);
        onProgress?.(toRestoreUpdate({ phase: 'SNAPSHOTTING', validated: true, restorePoint: point }));
        reached.resolve();
        await workUntil(gate, signal);
      };
      const { id } = await kit.restores.create(ADMIN, asked());
      await reached.promise;
      return id;
    }

    it('gets a row that is kept for 30 days, and is told by the restore', async () => {
      const id = await reachPoint(Promise.resolve());
      await followToEnd(kit.progress.restoreProgress(id, null));
      const { restorePointId } = await kit.restores.get(id);
      const point = await kit.backups.get(restorePointId!);
      expect(point).to.include({ status: 'COMPLETED', trigger: 'PRE_RESTORE', retentionDays: 30 });
      expect(point.name).to.match(/^before-restore-\d{4}-\d\d-\d\d-[0-9a-f]{8}$/);
    });

    it('cannot be deleted while its restore runs', async () => {
      const gate = Promise.withResolvers<void>();
      const id = await reachPoint(gate.promise);
      let restorePointId: string | null = null;
      let isThere = false;
      while (!isThere) {
        ({ restorePointId } = await kit.restores.get(id));
        isThere = restorePointId !== null && (await kit.backups.find(restorePointId)) !== null;
      }
      expect(await codeOf(kit.backups.delete(ADMIN, restorePointId!))).to.equal('CONFLICT');
      gate.resolve();
      await followToEnd(kit.progress.restoreProgress(id, null));
      await kit.backups.delete(ADMIN, restorePointId!);
    });

    it('is not asked of the engine with restorePoint: false', async () => {
      const { id } = await kit.restores.create(ADMIN, { ...asked(), restorePoint: false });
      await followToEnd(kit.progress.restoreProgress(id, null));
      expect(kit.engine.restoreRequests.at(-1)?.restorePoint).to.equal(null);
    });

    it('lets the engine forget the restore once its end is stored', async () => {
      const { id } = await kit.restores.create(ADMIN, asked());
      await followToEnd(kit.progress.restoreProgress(id, null));
      await kit.queue.drain(1_000);
      expect(kit.engine.acknowledged).to.deep.equal([id]);
    });
  });

  describe('list()', () => {
    it('summarises everything that matches', async () => {
      await complete();
      await complete({ ...asked(), validateOnly: true });
      kit.engine.duringRestore = async () => {
        throw new IntegrityError('Damaged', { details: { rolledBack: true } });
      };
      await complete();
      const { summary, items } = await kit.restores.list({ page: 1, limit: 1 }, { backupId });
      expect(summary).to.deep.equal({
        total: 3,
        completed: 2,
        failed: 0,
        running: 0,
        rolledBack: 1,
        validated: 2,
      });
      expect(items.map(({ status }) => status)).to.deep.equal(['ROLLED_BACK']);
    });

    it('refuses a limit of 101', async () => {
      expect(await codeOf(kit.restores.list({ page: 1, limit: 101 }, null))).to.equal('BAD_USER_INPUT');
    });
  });
});
