import { expect } from 'chai';
import type { ProgressEvent } from '../../../src/db/progress-repository.js';
import type { BackupComponentRecord } from '../../../src/shared/operation.js';
import { makeQueuedBackup } from '../../support/backup-records.js';
import { codeOf } from '../../support/service-kit.js';
import { withTemporaryMetadata } from '../../support/temporary-metadata.js';

const EVENT: ProgressEvent = {
  operationId: 'backup-1',
  sequence: 1,
  status: 'COMPLETED',
  phase: 'DONE',
  component: 'FILES',
  percent: 99.5,
  processedBytes: 2 ** 53 - 1,
  totalBytes: 2 ** 53 - 1,
  storedBytes: 2 ** 45,
  processedFiles: 3,
  totalFiles: 4,
  bytesPerSecond: 1.5,
  etaSeconds: null,
  message: null,
  at: new Date('2026-03-01T10:00:00.123Z'),
};

const CAPTURED: BackupComponentRecord = {
  component: 'CACHE',
  source: 'cache',
  sizeBytes: 2 ** 40,
  storedBytes: 5,
  fileCount: 2,
  checksum: 'ab',
};

describe('BackupRepository', () => {
  it('gives back what it was given', () =>
    withTemporaryMetadata(async ({ backups }) => {
      const backup = makeQueuedBackup({
        requestedComponents: ['CACHE', 'FILES'],
        components: [CAPTURED],
        notices: ['One', 'Two, with "quotes"'],
        error: { code: 'CONFLICT', message: 'No' },
        sizeBytes: 2 ** 53 - 1,
        startedAt: new Date('2026-03-01T10:00:00.001Z'),
      });
      await backups.insert(backup);
      expect(await backups.find(backup.id)).to.deep.equal(backup);
    }));

  it('changes nothing in a backup that is in another state', () =>
    withTemporaryMetadata(async ({ backups, progress }) => {
      const backup = makeQueuedBackup();
      await backups.insert(backup);
      const changes = { status: 'COMPLETED' as const, components: [CAPTURED] };
      expect(await backups.update(backup.id, ['RUNNING'], changes, { lastEvent: EVENT })).to.equal(null);
      expect(await backups.find(backup.id)).to.deep.equal(backup);
      expect(await progress.findLatest(backup.id)).to.equal(null);
    }));

  it('stores the last event together with the end, or neither', () =>
    withTemporaryMetadata(async ({ backups, progress }) => {
      const backup = makeQueuedBackup();
      await backups.insert(backup);
      const end = () => backups.update(backup.id, ['QUEUED'], { status: 'FAILED' }, { lastEvent: EVENT });
      await progress.append([EVENT]);
      expect(await codeOf(end())).to.equal('SERVICE_UNAVAILABLE');
      expect((await backups.find(backup.id))?.status).to.equal('QUEUED');
    }));

  it('lets one of many that race for a state win', () =>
    withTemporaryMetadata(async ({ backups }) => {
      const { id } = makeQueuedBackup();
      await backups.insert(makeQueuedBackup());
      const tries = Array.from({ length: 20 }, () => backups.update(id, ['QUEUED'], { status: 'RUNNING' }));
      expect((await Promise.all(tries)).filter((won) => won !== null).length).to.equal(1);
    }));

  it('removes the components and the progress with the backup', () =>
    withTemporaryMetadata(async ({ backups, progress }) => {
      await backups.insert(makeQueuedBackup());
      await progress.append([EVENT]);
      await backups.delete('backup-1');
      await backups.insert(makeQueuedBackup({ requestedComponents: ['FILES'] }));
      expect((await backups.find('backup-1'))?.requestedComponents).to.deep.equal(['FILES']);
      expect(await progress.findLatest('backup-1')).to.equal(null);
    }));

  it('refuses a second backup with the same id', () =>
    withTemporaryMetadata(async ({ backups }) => {
      await backups.insert(makeQueuedBackup());
      expect(await codeOf(backups.insert(makeQueuedBackup()))).to.equal('SERVICE_UNAVAILABLE');
    }));
});

describe('ProgressRepository', () => {
  it('gives back what it was given, in order and above a sequence', () =>
    withTemporaryMetadata(async ({ progress }) => {
      const events = Array.from({ length: 30 }, (_, place) => ({ ...EVENT, sequence: place + 1 }));
      await progress.append(events.toReversed());
      expect(await progress.listAfter('backup-1', 0, 10)).to.deep.equal(events.slice(0, 10));
      expect(await progress.listAfter('backup-1', 25, 10)).to.deep.equal(events.slice(25));
      expect(await progress.findLatest('backup-1')).to.deep.equal(events.at(-1));
    }));

  it('stores all events or none', () =>
    withTemporaryMetadata(async ({ progress }) => {
      await progress.append([{ ...EVENT, sequence: 2 }]);
      const events = [EVENT, { ...EVENT, sequence: 2 }];
      expect(await codeOf(progress.append(events))).to.equal('SERVICE_UNAVAILABLE');
      expect((await progress.listAfter('backup-1', 0, 10)).length).to.equal(1);
    }));
});
