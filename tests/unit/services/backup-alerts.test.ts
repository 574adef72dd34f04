import { expect } from 'chai';
import type { Alert } from '../../../src/services/alert.js';
import { BackupAlerts } from '../../../src/services/backup-alerts.js';
import type { Component } from '../../../src/shared/component.js';
import type { BackupRecord } from '../../../src/shared/operation.js';
import { FixedClock } from '../../support/fixed-clock.js';
import { makeBackup } from '../../support/memory-services.js';

const HOUR_MS = 60 * 60 * 1_000;
const never = new AbortController().signal;

describe('BackupAlerts', () => {
  let clock: FixedClock;
  let raised: Alert[];
  let resolved: string[];
  let open: string[];
  let failed: BackupRecord[];
  let newest: Map<Component, Date>;
  let free: { freeBytes: number | null; totalBytes: number | null };
  let told: Date | null;
  let firstUse: Date | null;
  let backupsById: Map<string, BackupRecord>;

  beforeEach(() => {
    clock = new FixedClock();
    raised = [];
    resolved = [];
    open = [];
    failed = [];
    newest = new Map();
    free = { freeBytes: 50, totalBytes: 100 };
    told = null;
    firstUse = null;
    backupsById = new Map();
  });

  const make = (options = { minFreePercent: 10, maxAgeMs: (24 * HOUR_MS) as number | null }) =>
    new BackupAlerts(
      {
        service: {
          raise: (alert) => raised.push(alert),
          resolve: (kind, subject) => resolved.push(`${kind} ${subject}`),
        },
        alerts: {
          findLatest: async () => (told === null ? null : { lastRaisedAt: told }),
          listOpen: async () => open.map((subject) => ({ subject })),
        },
        backups: {
          list: async () => ({ items: failed, total: failed.length, summary: {} as never }),
          find: async (id) => backupsById.get(id) ?? null,
          findNewestGood: async () => newest,
        },
        firstUse: async () => firstUse,
        storage: { measure: async () => ({ location: '', usedBytes: 1, ...free }) },
        clock,
        onFailure: (error) => {
          throw error;
        },
      },
      options,
    );

  const backup = (changes: Partial<BackupRecord>) => ({
    kind: 'backup' as const,
    backup: makeBackup(changes),
  });
  const hoursAgo = (hours: number) => new Date(clock.now().getTime() - hours * HOUR_MS);

  describe('observe()', () => {
    it('raises a failure, about the components that were asked for', () => {
      make().observe(backup({ status: 'FAILED', requestedComponents: ['FILES', 'DATABASE'] }));
      expect(raised[0]).to.include({ kind: 'backup.failed', subject: 'DATABASE+FILES' });
    });

    it('raises nothing for a cancelled one, or for a restore point', () => {
      make().observe(backup({ status: 'CANCELLED' }));
      make().observe(backup({ status: 'FAILED', trigger: 'PRE_RESTORE' }));
      expect(raised).to.deep.equal([]);
    });

    it('ends failures that a completed backup covers, and no others', async () => {
      open = ['DATABASE', 'DATABASE+FILES', 'CONFIG', 'DATABASE+CONFIG'];
      const alerts = make();
      alerts.observe(backup({ status: 'COMPLETED', requestedComponents: ['DATABASE', 'FILES'] }));
      await alerts.settled();
      expect(resolved).to.deep.equal(['backup.failed DATABASE', 'backup.failed DATABASE+FILES']);
    });
  });

  it('ends what a schedule missed when a backup of it completes', async () => {
    const alerts = make();
    alerts.observe(backup({ status: 'COMPLETED', scheduleId: 's1' }));
    await alerts.settled();
    expect(resolved).to.include('backup.missed s1');
  });

  it('ends suspicions that were confirmed, or whose backup is gone', async () => {
    open = ['confirmed', 'gone', 'suspicious'];
    backupsById.set('confirmed', makeBackup({ suspicion: 'odd', confirmedAt: hoursAgo(1) }));
    backupsById.set('suspicious', makeBackup({ suspicion: 'odd', confirmedAt: null }));
    await make({ minFreePercent: 0, maxAgeMs: null }).check(never);
    expect(resolved).to.deep.equal(['backup.suspicious confirmed', 'backup.suspicious gone']);
  });

  describe('catchUp()', () => {
    const ended = { status: 'FAILED', requestedComponents: ['FILES'] } as const;

    it('raises a failure that was never told', async () => {
      failed = [makeBackup({ ...ended, requestedComponents: ['FILES'], completedAt: hoursAgo(1) })];
      await make().catchUp();
      expect(raised).to.have.length(1);
    });

    it('raises none that was told, or that a later backup has made good', async () => {
      failed = [makeBackup({ ...ended, requestedComponents: ['FILES'], completedAt: hoursAgo(2) })];
      told = hoursAgo(1);
      await make().catchUp();
      told = null;
      newest.set('FILES', hoursAgo(1));
      await make().catchUp();
      expect(raised).to.deep.equal([]);
    });
  });

  describe('check()', () => {
    it('raises components whose newest good backup is too old, and ends those that are not', async () => {
      newest = new Map([
        ['DATABASE', hoursAgo(25)],
        ['FILES', hoursAgo(23)],
      ]);
      await make().check(never);
      expect(raised.map(({ kind, subject }) => `${kind} ${subject}`)).to.deep.equal([
        'backup.overdue DATABASE',
      ]);
      expect(resolved).to.include('backup.overdue FILES');
    });

    it('raises components that never had one, once the server is old enough', async () => {
      firstUse = hoursAgo(23);
      await make().check(never);
      expect(raised).to.deep.equal([]);
      firstUse = hoursAgo(25);
      await make().check(never);
      expect(raised).to.have.length(4);
    });

    it('says nothing of age unless asked', async () => {
      newest.set('DATABASE', hoursAgo(10_000));
      await make({ minFreePercent: 0, maxAgeMs: null }).check(never);
      expect(raised).to.deep.equal([]);
    });

    for (const [percent, found] of [
      [9.9, 'raised'],
      [10, 'nothing'],
      [11.9, 'nothing'],
      [12, 'resolved'],
    ] as const) {
      it(`finds that with ${percent} % free the alert is ${found}`, async () => {
        free = { freeBytes: percent, totalBytes: 100 };
        await make({ minFreePercent: 10, maxAgeMs: null }).check(never);
        expect(raised.map(({ kind }) => kind)).to.deep.equal(found === 'raised' ? ['storage.low'] : []);
        expect(resolved).to.deep.equal(found === 'resolved' ? ['storage.low storage'] : []);
      });
    }

    it('says nothing of space where the storage cannot tell', async () => {
      free = { freeBytes: null, totalBytes: null };
      await make({ minFreePercent: 10, maxAgeMs: null }).check(never);
      expect([...raised, ...resolved]).to.deep.equal([]);
    });
  });
});
