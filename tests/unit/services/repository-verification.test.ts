import { expect } from 'chai';
import { InProcessJobQueue } from '../../../src/jobs/in-process-job-queue.js';
import { RepositoryVerification } from '../../../src/services/repository-verification.js';
import type { Clock } from '../../../src/shared/clock.js';
import { systemRandom } from '../../../src/shared/random.js';
import { workUntil } from '../../support/fake-engine.js';
import {
  ADMIN,
  codeOf,
  FULL,
  followToEnd,
  openServiceKit,
  type ServiceKit,
} from '../../support/service-kit.js';

const DAY_MS = 86_400_000;
const NEVER = new AbortController().signal;

describe('RepositoryVerification', () => {
  let kit: ServiceKit;
  let nowMs: number;
  let added = 0;
  let queue: InProcessJobQueue;

  beforeEach(async () => {
    kit = await openServiceKit();
    added = 0;
    nowMs = Date.parse('2026-03-01T02:30:00Z');
    queue = new InProcessJobQueue({ onFailure: (error) => expect.fail(String(error)) });
  });
  afterEach(async () => {
    await queue.drain(0);
    await kit.close();
  });

  /** No two moments are the same. */
  const clock: Clock = { now: () => new Date(nowMs++), monotonicMs: () => nowMs };

  function open(days: number): RepositoryVerification {
    const { metadata, engine, feed, alerts } = kit;
    return new RepositoryVerification(
      {
        ...metadata,
        engine,
        feed,
        checkQueue: queue,
        clock,
        random: systemRandom,
        raiseAlert: (alert) => void alerts.push(alert),
      },
      { days },
    );
  }

  function addObjects(count: number, sizeBytes = 1_000): string[] {
    const from = added;
    added += count;
    const keys = Array.from({ length: count }, (_, at) => `packs/${String(from + at).padStart(4, '0')}`);
    kit.engine.objects.push(...keys.map((key) => ({ key, sizeBytes })));
    return keys;
  }

  async function backUp(): Promise<string> {
    const { id } = await kit.backups.create(ADMIN, FULL);
    await followToEnd(kit.progress.backupProgress(id, 0));
    return id;
  }

  it('reads its share of the bytes each day, the oldest first, and everything in time', async () => {
    const keys = addObjects(50);
    const verification = open(10);
    for (let day = 0; day < 9; day++) {
      await verification.run(NEVER);
      expect(kit.engine.checkedObjects).to.deep.equal(keys.slice(0, (day + 1) * 5));
      nowMs += DAY_MS;
    }
    await verification.run(NEVER); // and those again that would be too old tomorrow
    expect(kit.engine.checkedObjects.slice(0, 50)).to.deep.equal(keys);
    expect(await verification.coverage()).to.include({
      objects: 50,
      totalBytes: 50_000,
      checkedBytes: 50_000,
      coveredPercent: 100,
      damagedObjects: 0,
    });
  });

  it('leaves no object unread for longer than it may while the repository grows and shrinks', async () => {
    const verification = open(7);
    const readAt = new Map<string, number>();
    addObjects(30);
    for (let day = 0; day < 40; day++) {
      addObjects(day % 5 === 0 ? 12 : 3);
      if (day % 6 === 0) kit.engine.objects.splice(day % 11, 4);
      for (const { key } of kit.engine.objects) if (!readAt.has(key)) readAt.set(key, nowMs);
      kit.engine.checkedObjects.length = 0;
      await verification.run(NEVER);
      for (const key of kit.engine.checkedObjects) readAt.set(key, nowMs);
      const waits = kit.engine.objects.map(({ key }) => nowMs - readAt.get(key)!);
      expect(Math.max(...waits) / DAY_MS, `day ${day}`).to.be.below(7);
      nowMs += DAY_MS;
    }
  });

  it('catches up after the server was down for longer than that', async () => {
    addObjects(70);
    const verification = open(7);
    await verification.run(NEVER);
    nowMs += 30 * DAY_MS;
    await verification.run(NEVER);
    expect((await verification.coverage()).coveredPercent).to.equal(100);
  });

  it('reads on where it was cut short', async () => {
    const keys = addObjects(40);
    const stop = new AbortController();
    kit.engine.duringCheck = async () => {
      if (kit.engine.checkedObjects.length > 16) stop.abort();
    };
    expect(await codeOf(open(1).run(stop.signal))).to.equal('CANCELLED');
    kit.engine.duringCheck = async () => {};
    kit.engine.checkedObjects.length = 0;
    await open(1).run(NEVER);
    expect(kit.engine.checkedObjects[0]).to.equal(keys[16]);
  });

  it('is not kept from reading by a clock that was ahead', async () => {
    addObjects(5);
    nowMs += 400 * DAY_MS;
    await open(1).run(NEVER);
    nowMs -= 400 * DAY_MS;
    kit.engine.checkedObjects.length = 0;
    await open(1).run(NEVER);
    expect(kit.engine.checkedObjects).to.have.lengthOf(5);
  });

  it('ends when it is stopped while another check has the turn', async () => {
    addObjects(1);
    queue.enqueue({ id: 'other', run: (signal) => workUntil(new Promise(() => {}), signal).catch(() => {}) });
    const stop = new AbortController();
    const ended = codeOf(open(1).run(stop.signal));
    setTimeout(() => stop.abort(), 20);
    expect(await ended).to.equal('CANCELLED');
    expect(kit.engine.checkedObjects).to.deep.equal([]);
  });

  it('does nothing with VERIFY_DAYS=0', async () => {
    addObjects(3);
    await open(0).run(NEVER);
    expect(kit.engine.checkedObjects).to.deep.equal([]);
  });

  context('when something is damaged', () => {
    const damaged = [{ component: 'FILES' as const, path: 'files/a', reason: 'damaged' }];

    async function damage(): Promise<string[]> {
      const hit = [await backUp(), await backUp()];
      await backUp();
      const [key] = addObjects(3);
      kit.engine.damage.set(key!, '1 of its blocks cannot be read (0)');
      kit.engine.damagedBackups = {
        backups: hit.map((backupId) => ({ snapshotId: 'x', backupId, damagedFiles: 1, damaged })),
        unreadableSnapshots: [],
      };
      return hit;
    }

    it('fails the verification of every backup that it hits, and alarms once', async () => {
      const hit = await damage();
      const verification = open(1);
      await verification.run(NEVER);
      for (const id of hit) {
        const latest = await kit.metadata.checks.latest(id, 'VERIFICATION');
        expect([latest?.status, latest?.error?.code]).to.deep.equal(['FAILED', 'DATA_CORRUPTED']);
        expect(latest?.error?.message).to.equal('Damaged: file "files/a" of FILES');
      }
      expect(kit.alerts).to.have.lengthOf(1);
      expect(kit.alerts[0]).to.include({ kind: 'verification.failed', subject: hit[1] });
      expect((await verification.coverage()).damagedObjects).to.equal(1);
    });

    it('does not say the same again the next day', async () => {
      await damage();
      await open(1).run(NEVER);
      nowMs += DAY_MS;
      await open(1).run(NEVER);
      expect(kit.alerts).to.have.lengthOf(1);
    });

    it('alarms nobody when no backup needs it', async () => {
      await damage();
      kit.engine.damagedBackups = { backups: [], unreadableSnapshots: [] };
      await open(1).run(NEVER);
      expect(kit.alerts).to.deep.equal([]);
    });

    it('finds the backup of a snapshot that cannot be read', async () => {
      const id = await backUp();
      const { snapshotId } = await kit.backups.get(id);
      kit.engine.objects.push({ key: `snapshots/${snapshotId}`, sizeBytes: 5 });
      kit.engine.damage.set(`snapshots/${snapshotId}`, 'Its SHA-256 is not its name');
      await open(1).run(NEVER);
      expect((await kit.metadata.checks.latest(id, 'VERIFICATION'))?.status).to.equal('FAILED');
    });
  });
});
