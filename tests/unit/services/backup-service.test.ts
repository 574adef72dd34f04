import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { BackupFilter } from '../../../src/services/backup-service.js';
import { StorageError } from '../../../src/shared/errors.js';
import type { BackupStatus } from '../../../src/shared/operation.js';
import { workUntil } from '../../support/fake-engine.js';
import {
  ADMIN,
  codeOf,
  FULL,
  followToEnd,
  openServiceKit,
  type ServiceKit,
} from '../../support/service-kit.js';

describe('BackupService', () => {
  let kit: ServiceKit;

  beforeEach(async () => {
    kit = await openServiceKit();
  });
  afterEach(() => kit.close());

  /** Creates a backup and waits for its end. */
  async function complete(input = FULL) {
    const { id } = await kit.backups.create(ADMIN, input);
    await followToEnd(kit.progress.backupProgress(id, 0));
    return kit.backups.get(id);
  }

  /** Creates a backup that runs until it is cancelled or `open` is called. */
  async function hold() {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    kit.engine.duringBackup = (_request, { signal }) => {
      begun.resolve();
      return workUntil(gate.promise, signal);
    };
    const backup = await kit.backups.create(ADMIN, FULL);
    await begun.promise;
    return { id: backup.id, open: gate.resolve };
  }

  describe('create()', () => {
    it('answers with the queued backup', async () => {
      const backup = await kit.backups.create(ADMIN, FULL);
      expect(backup.status).to.equal('QUEUED');
      expect(backup.createdBy).to.equal('alice');
      expect(backup.name).to.match(/^backup-\d{4}-\d\d-\d\d-[0-9a-f]{6}$/);
      expect(backup.expiresAt.getTime() - backup.createdAt.getTime()).to.equal(30 * 86_400_000);
    });

    it('takes the backup to COMPLETED with what the engine captured', async () => {
      const backup = await complete();
      expect(backup).to.include({ status: 'COMPLETED', sizeBytes: 1_000, storedBytes: 400, fileCount: 4 });
      expect(backup.components.map(({ component }) => component)).to.deep.equal([
        'DATABASE',
        'CONFIG',
        'CACHE',
        'FILES',
      ]);
      expect(backup.notices).to.deep.equal(['A socket was left out']);
      expect(backup.snapshotId).to.match(/^[0-9a-f]{64}$/);
      expect(backup.completedAt).to.be.instanceOf(Date);
    });

    it('gives the engine the labels that the metadata can be rebuilt from', async () => {
      const backup = await complete({ ...FULL, name: ' Before the sale ', compressionLevel: 19 });
      const [snapshot] = await kit.engine.listSnapshots();
      expect(snapshot?.labels).to.deep.include({
        name: 'Before the sale',
        type: 'FULL',
        trigger: 'MANUAL',
        createdBy: 'alice',
        createdAt: backup.createdAt.getTime(),
        retentionDays: 30,
        compressionLevel: 19,
        pinned: false,
      });
    });

    it('lets the snapshot bear witness to the audit log', async () => {
      await complete();
      const [snapshot] = await kit.engine.listSnapshots();
      const seen = await kit.metadata.audit.findAt(Number(snapshot?.labels.auditSequence));
      expect(seen?.hash)
        .to.match(/^[0-9a-f]{64}$/)
        .and.to.equal(snapshot?.labels.auditHash);
    });

    it('takes each component once', async () => {
      const backup = await complete({ ...FULL, type: 'PARTIAL', components: ['FILES', 'DATABASE', 'FILES'] });
      expect(backup.requestedComponents).to.deep.equal(['DATABASE', 'FILES']);
    });

    const refused: [string, Partial<typeof FULL>][] = [
      ['PARTIAL without components', { type: 'PARTIAL' }],
      ['PARTIAL with no component', { type: 'PARTIAL', components: [] }],
      ['FULL with no component', { components: [] }],
      ['FULL with some components', { components: ['DATABASE', 'FILES'] }],
      ['a retention of 0', { retentionDays: 0 }],
      ['a retention of 366', { retentionDays: 366 }],
      ['a retention that is no number', { retentionDays: Number.NaN }],
      ['a compression level of 0', { compressionLevel: 0 }],
      ['a compression level of 20', { compressionLevel: 20 }],
      ['an empty name', { name: '' }],
      ['a name of white space', { name: '   ' }],
      ['a name of 121 characters', { name: 'x'.repeat(121) }],
      ['a name with a control character', { name: 'a\u0000b' }],
      ['a name with a line feed', { name: 'a\nb' }],
      ['an empty idempotency key', { idempotencyKey: '' }],
      ['an idempotency key of 256 characters', { idempotencyKey: 'k'.repeat(256) }],
    ];
    for (const [what, input] of refused) {
      it(`refuses ${what} and stores nothing`, async () => {
        expect(await codeOf(kit.backups.create(ADMIN, { ...FULL, ...input }))).to.equal('BAD_USER_INPUT');
        expect((await kit.metadata.backups.listStates()).length).to.equal(0);
      });
    }

    it('names the field, the limit and the value', async () => {
      const error = await kit.backups
        .create(ADMIN, { ...FULL, retentionDays: 366 })
        .catch((reason) => reason);
      expect(error.message).to.equal('retentionDays must be a whole number from 1 to 365, found 366');
    });

    it('accepts a name of 120 characters, counted as people count them', async () => {
      const backup = await kit.backups.create(ADMIN, { ...FULL, name: '🧾'.repeat(120) });
      expect(backup.name).to.equal('🧾'.repeat(120));
    });

    it('makes one backup of 20 requests at once with the same key', async () => {
      const asked = Array.from({ length: 20 }, () =>
        kit.backups.create(ADMIN, { ...FULL, idempotencyKey: 'once' }),
      );
      const ids = new Set((await Promise.all(asked)).map(({ id }) => id));
      expect(ids.size).to.equal(1);
      expect((await kit.metadata.backups.listStates()).length).to.equal(1);
    });

    it('keeps the key after the backup has ended', async () => {
      const first = await complete({ ...FULL, idempotencyKey: 'once' });
      const second = await kit.backups.create(ADMIN, { ...FULL, idempotencyKey: 'once' });
      expect(second).to.include({ id: first.id, status: 'COMPLETED' });
    });

    it('ends FAILED with the code and the message of the engine', async () => {
      kit.engine.duringBackup = async () => {
        throw new StorageError('INSUFFICIENT_STORAGE', 'The storage has 5 bytes left, expected 1000');
      };
      const backup = await complete();
      expect(backup.status).to.equal('FAILED');
      expect(backup.error).to.deep.equal({
        code: 'INSUFFICIENT_STORAGE',
        message: 'The storage has 5 bytes left, expected 1000',
      });
    });

    it('reports an error that is a bug, and does not tell it to the client', async () => {
      const bug = new TypeError('secret path /etc/till');
      kit.engine.duringBackup = async () => {
        throw bug;
      };
      const backup = await complete();
      expect(backup.error?.code).to.equal('INTERNAL_SERVER_ERROR');
      expect(backup.error?.message).not.to.contain('secret');
      expect(kit.failures).to.deep.equal([bug]);
    });

    it('is refused once the server shuts down', async () => {
      await kit.queue.drain(0);
      expect(await codeOf(kit.backups.create(ADMIN, FULL))).to.equal('SERVICE_UNAVAILABLE');
      expect((await kit.metadata.backups.listStates()).length).to.equal(0);
    });
  });

  describe('cancel()', () => {
    it('ends a running backup and leaves no snapshot', async () => {
      const { id } = await hold();
      const backup = await kit.backups.cancel(ADMIN, id);
      expect(backup).to.include({ status: 'CANCELLED', snapshotId: null });
      expect(kit.engine.snapshots.size).to.equal(0);
    });

    it('ends a waiting backup at once', async () => {
      const running = await hold();
      const waiting = await kit.backups.create(ADMIN, FULL);
      expect((await kit.backups.cancel(ADMIN, waiting.id)).status).to.equal('CANCELLED');
      running.open();
      await followToEnd(kit.progress.backupProgress(running.id, null));
      expect(kit.engine.snapshots.size).to.equal(1);
    });

    it('answers two callers alike', async () => {
      const { id } = await hold();
      const answers = await Promise.all([kit.backups.cancel(ADMIN, id), kit.backups.cancel(ADMIN, id)]);
      expect(answers.map(({ status }) => status)).to.deep.equal(['CANCELLED', 'CANCELLED']);
    });

    it('never leaves a backup in between, whenever it comes', async () => {
      kit.engine.duringBackup = (_request, { signal }) => workUntil(delay(3), signal);
      const statuses: BackupStatus[] = [];
      for (let turns = 0; turns < 30; turns++) {
        const { id } = await kit.backups.create(ADMIN, FULL);
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
        await kit.backups.cancel(ADMIN, id).catch(() => undefined);
        const events = await followToEnd(kit.progress.backupProgress(id, 0));
        const { status } = await kit.backups.get(id);
        statuses.push(status);
        expect(events.at(-1)).to.include({ status, phase: 'DONE' });
        expect(events.map(({ sequence }) => sequence)).to.deep.equal(events.map((_, place) => place + 1));
      }
      expect(new Set(statuses)).to.deep.equal(new Set(['CANCELLED', 'COMPLETED']));
    });

    it('is a conflict when the backup has ended', async () => {
      const { id } = await complete();
      expect(await codeOf(kit.backups.cancel(ADMIN, id))).to.equal('CONFLICT');
    });

    it('does not find an unknown backup', async () => {
      expect(await codeOf(kit.backups.cancel(ADMIN, 'none'))).to.equal('NOT_FOUND');
    });
  });

  describe('delete()', () => {
    it('removes the snapshot, the row and the progress', async () => {
      const { id, snapshotId } = await complete();
      await kit.backups.delete(ADMIN, id);
      expect(kit.engine.deleted).to.deep.equal([snapshotId]);
      expect(await kit.backups.find(id)).to.equal(null);
      expect((await kit.progress.latestBackupProgresses([id]))[0]).to.equal(null);
    });

    it('is a conflict while the backup runs', async () => {
      const { id } = await hold();
      expect(await codeOf(kit.backups.delete(ADMIN, id))).to.equal('CONFLICT');
    });

    it('is a conflict while the backup is being restored from, and works after', async () => {
      const { id } = await complete();
      const gate = Promise.withResolvers<void>();
      kit.engine.duringRestore = (_request, { signal }) => workUntil(gate.promise, signal);
      const restore = await kit.restores.create(ADMIN, {
        backupId: id,
        overwrite: true,
        validateOnly: false,
      });
      expect(await codeOf(kit.backups.delete(ADMIN, id))).to.equal('CONFLICT');
      gate.resolve();
      await followToEnd(kit.progress.restoreProgress(restore.id, null));
      await kit.backups.delete(ADMIN, id);
      expect((await kit.restores.get(restore.id)).backupName).to.match(/^backup-/);
    });

    it('is a conflict while the backup is being downloaded, alone or in a batch, and works after', async () => {
      const { id } = await complete();
      const end = kit.downloads.begin(id);
      expect(await codeOf(kit.backups.delete(ADMIN, id))).to.equal('CONFLICT');
      const [refused] = await kit.backups.deleteAll(ADMIN, [id]);
      expect(refused?.error?.message).to.contain('is being downloaded');
      end();
      await kit.backups.delete(ADMIN, id);
    });

    it('is a conflict when the backup is pinned', async () => {
      const { snapshotId: _none, ...backup } = await complete();
      await kit.metadata.backups.insert({ ...backup, id: 'pinned', pinned: true, snapshotId: null });
      expect(await codeOf(kit.backups.delete(ADMIN, 'pinned'))).to.equal('CONFLICT');
    });

    it('leaves the backup usable when the snapshot cannot be deleted', async () => {
      const { id } = await complete();
      kit.engine.duringDelete = async () => {
        throw new StorageError('SERVICE_UNAVAILABLE', 'The storage does not answer');
      };
      expect(await codeOf(kit.backups.delete(ADMIN, id))).to.equal('SERVICE_UNAVAILABLE');
      expect(await kit.metadata.backups.isBeingDeleted(id)).to.equal(false);
      expect((await kit.backups.get(id)).status).to.equal('COMPLETED');
    });

    it('does not find an unknown backup', async () => {
      expect(await codeOf(kit.backups.delete(ADMIN, 'none'))).to.equal('NOT_FOUND');
    });
  });

  describe('deleteAll()', () => {
    it('deletes each by itself, and answers in the order asked for', async () => {
      const [first, pinned, last] = [await complete(), await complete(), await complete()];
      await kit.backups.pin(ADMIN, pinned.id, true);
      const results = await kit.backups.deleteAll(ADMIN, [first.id, pinned.id, 'none', last.id, first.id]);
      expect(results.map(({ id, error }) => [id, error?.code ?? null])).to.deep.equal([
        [first.id, null],
        [pinned.id, 'CONFLICT'],
        ['none', 'NOT_FOUND'],
        [last.id, null],
        [first.id, null],
      ]);
      expect((await kit.metadata.backups.listStates()).map(({ id }) => id)).to.deep.equal([pinned.id]);
    });

    it('refuses none and 101', async () => {
      const many = Array.from({ length: 101 }, (_, number) => String(number));
      expect(await codeOf(kit.backups.deleteAll(ADMIN, []))).to.equal('BAD_USER_INPUT');
      expect(await codeOf(kit.backups.deleteAll(ADMIN, many))).to.equal('BAD_USER_INPUT');
    });
  });

  describe('pin()', () => {
    it('keeps a backup from being deleted until it is unpinned', async () => {
      const { id } = await complete();
      expect((await kit.backups.pin(ADMIN, id, true)).pinned).to.equal(true);
      expect(await codeOf(kit.backups.delete(ADMIN, id))).to.equal('CONFLICT');
      expect((await kit.backups.pin(ADMIN, id, false)).pinned).to.equal(false);
      await kit.backups.delete(ADMIN, id);
    });

    it('wins over a deletion or loses to it, never both', async () => {
      for (let turns = 0; turns < 8; turns++) {
        const { id } = await complete();
        const deletion = kit.backups.delete(ADMIN, id).then(
          () => 'deleted',
          () => 'stayed',
        );
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
        const pin = await kit.backups.pin(ADMIN, id, true).then(
          () => 'pinned',
          () => 'refused',
        );
        expect(['deleted refused', 'stayed pinned']).to.include(`${await deletion} ${pin}`);
      }
    });

    it('does not find an unknown backup', async () => {
      expect(await codeOf(kit.backups.pin(ADMIN, 'none', true))).to.equal('NOT_FOUND');
    });
  });

  describe('confirm()', () => {
    it('is noted once, and refused for a backup that is not suspicious', async () => {
      const backup = await complete();
      expect(await codeOf(kit.backups.confirm(ADMIN, backup.id))).to.equal('CONFLICT');
      const odd = { ...backup, id: 'odd', suspicion: 'FILES holds 0 bytes', snapshotId: null };
      await kit.metadata.backups.insert(odd);
      const { confirmedAt } = await kit.backups.confirm(ADMIN, 'odd');
      expect(confirmedAt).to.be.instanceOf(Date);
      expect((await kit.backups.confirm(ADMIN, 'odd')).confirmedAt).to.deep.equal(confirmedAt);
      expect(await codeOf(kit.backups.confirm(ADMIN, 'none'))).to.equal('NOT_FOUND');
    });
  });

  describe('a backup whose content changed suddenly', () => {
    /** What the engine captures: a component of so many bytes. */
    function capture(sizeBytes: number): void {
      kit.engine.describe = (snapshot) => ({
        ...snapshot,
        components: snapshot.components.map((part) => ({ ...part, sizeBytes })),
      });
    }

    it('is COMPLETED, suspicious, and told', async () => {
      capture(100_000_000);
      for (let number = 0; number < 3; number++) expect((await complete()).suspicion).to.equal(null);
      capture(1_000);
      const backup = await complete();
      expect(backup.status).to.equal('COMPLETED');
      expect(backup.suspicion).to.contain('DATABASE holds 1000 bytes, where 95.4 MiB are usual');
      expect(kit.alerts.map(({ kind, subject }) => [kind, subject])).to.deep.equal([
        ['backup.suspicious', backup.id],
      ]);
    });

    it('is kept although it could not be compared', async () => {
      kit.metadata.backups.listNewest = async () => {
        throw new TypeError('A bug');
      };
      expect(await complete()).to.include({ status: 'COMPLETED', suspicion: null });
      expect(kit.failures.length).to.equal(1);
    });
  });

  describe('list()', () => {
    const sort = { field: 'CREATED_AT', direction: 'DESC' } as const;
    const pages: [number, number][] = [
      [0, 10],
      [-1, 10],
      [1.5, 10],
      [1, 0],
      [1, 101],
    ];
    for (const [page, limit] of pages) {
      it(`refuses page ${page} with limit ${limit}`, async () => {
        expect(await codeOf(kit.backups.list({ page, limit }, null, sort))).to.equal('BAD_USER_INPUT');
      });
    }

    it('answers a page far behind the end with nothing', async () => {
      const found = await kit.backups.list({ page: 2 ** 31 - 1, limit: 100 }, null, sort);
      expect(found.items).to.deep.equal([]);
    });

    it('refuses to search for what no name can hold', async () => {
      const filter: BackupFilter = { search: 'x'.repeat(121) };
      expect(await codeOf(kit.backups.list({ page: 1, limit: 1 }, filter, sort))).to.equal('BAD_USER_INPUT');
    });
  });

  it('audits what was done and what was refused', async () => {
    const { id } = await complete();
    await codeOf(kit.backups.create(ADMIN, { ...FULL, retentionDays: 0 }));
    await kit.backups.delete(ADMIN, id);
    await codeOf(kit.backups.cancel(ADMIN, id));
    const { items: entries } = await kit.audit.list({ page: 1, limit: 10 }, null);
    const log = entries.map(({ action, target, outcome }) => `${action} ${target} ${outcome}`);
    expect(log).to.have.members([
      'audit.begin null ok',
      `backup.create ${id} ok`,
      `backup.end ${id} ok`,
      'backup.create null BAD_USER_INPUT',
      `backup.delete ${id} ok`,
      `backup.cancel ${id} NOT_FOUND`,
    ]);
    expect(entries[0]).to.include({ actor: 'alice', role: 'ADMIN', remoteAddress: '192.0.2.7' });
  });

  it('stores how a backup ended that a shutdown broke off', async () => {
    const { id } = await hold();
    await kit.queue.drain(10);
    expect(await kit.backups.get(id)).to.deep.include({
      status: 'FAILED',
      error: {
        code: 'INTERRUPTED',
        message: 'The server was stopped while the operation ran: start it again',
      },
    });
  });

  it('announces every change of status after it is stored', async () => {
    const changes = kit.feed.subscribe();
    const seen: string[] = [];
    await kit.backups.create(ADMIN, FULL);
    for await (const change of changes) {
      if (change.kind !== 'backup') continue;
      const stored = await kit.backups.get(change.backup.id);
      seen.push(change.backup.status);
      if (change.backup.status === 'COMPLETED') {
        expect(stored.status).to.equal('COMPLETED');
        break;
      }
    }
    expect(seen).to.deep.equal(['QUEUED', 'RUNNING', 'COMPLETED']);
  });
});
