import { expect } from 'chai';
import * as documents from '../../graphql/generated/graphql.js';
import { workUntil } from '../support/fake-engine.js';
import { MemoryServices } from '../support/memory-services.js';
import { openServiceKit, type ServiceKit } from '../support/service-kit.js';
import { type Answer, codesOf, TestApi } from '../support/test-api.js';
import { makeToken } from '../support/tokens.js';

interface OperationView {
  id: string;
  status: string;
}

/** The number of a step of progress. */
function sequenceOf(step: unknown): number {
  return (step as { sequence: number }).sequence;
}

describe('the API over the real services', () => {
  let kit: ServiceKit;
  let test: TestApi;

  beforeEach(async () => {
    kit = await openServiceKit();
    const { audit, backups, restores, progress, schedules, cleanup, checks, repository, feed } = kit;
    const own = {
      backups,
      restores,
      progress,
      schedules,
      cleanup,
      checks,
      repository,
      operations: feed,
      audit,
    };
    test = await TestApi.start({
      services: { ...new MemoryServices(), ...own, downloads: kit.downloadService },
    });
  });
  afterEach(async () => {
    await test[Symbol.asyncDispose]();
    await kit.close();
  });

  /** Sends a document of `graphql/operations` and answers its data. */
  async function send(document: { toString(): string }, variables: Record<string, unknown> = {}) {
    const answer = await test.query(String(document), variables);
    expect(answer.errors, 'errors').to.equal(undefined);
    return answer.data ?? {};
  }

  async function createBackup(input: Record<string, unknown> = {}): Promise<OperationView> {
    const data = await send(documents.CreateBackupDocument, { input });
    return (data.createBackup as { backup: OperationView }).backup;
  }

  /** Follows an operation over WebSocket until its subscription completes; answers every event. */
  async function follow(
    document: { toString(): string },
    variables: Record<string, unknown>,
  ): Promise<Answer[]> {
    const client = test.connect();
    const answers: Answer[] = [];
    for await (const answer of client.iterate({ query: String(document), variables }))
      answers.push(answer as Answer);
    await client.dispose();
    return answers;
  }

  async function completeBackup(input: Record<string, unknown> = {}): Promise<OperationView> {
    const backup = await createBackup(input);
    await follow(documents.BackupProgressDocument, { id: backup.id });
    return backup;
  }

  it('takes a backup with the defaults of the contract, and shows every step of it', async () => {
    const { id, status } = await createBackup();
    const steps = await follow(documents.BackupProgressDocument, { id, after: 0 });
    const sequence = steps.map(({ data }) => sequenceOf(data?.backupProgress));
    const { backup } = await send(documents.BackupDocument, { id });
    expect(status).to.equal('QUEUED');
    expect(sequence).to.deep.equal(sequence.map((_, index) => index + 1));
    expect(steps.at(-1)?.data?.backupProgress).to.deep.include({
      phase: 'DONE',
      status: 'COMPLETED',
      percent: 100,
    });
    expect(backup).to.deep.include({
      type: 'FULL',
      status: 'COMPLETED',
      trigger: 'MANUAL',
      encrypted: true,
      compressed: true,
      retentionDays: 30,
      pinned: false,
      createdBy: 'anna',
      sizeBytes: 1_000,
      storedBytes: 400,
      error: null,
      verification: null,
    });
  });

  it('tells dashboards of every change of status', async () => {
    const client = test.connect();
    const changes = client.iterate<Record<string, { backupStatus: string }>>({
      query: String(documents.OperationChangedDocument),
    });
    const seen: (string | undefined)[] = [];
    const first = changes.next();
    await client.iterate({ query: '{ __typename }' }).next();
    await createBackup();
    for (let change = await first; ; change = await changes.next()) {
      seen.push(change.value?.data?.operationChanged?.backupStatus);
      if (seen.at(-1) === 'COMPLETED') break;
    }
    await client.dispose();
    expect(seen).to.deep.equal(['QUEUED', 'RUNNING', 'COMPLETED']);
  });

  it('lists, filters, sorts and counts', async () => {
    await completeBackup({ name: 'alpha' });
    await completeBackup({ name: 'beta', type: 'PARTIAL', components: ['CONFIG'] });
    const variables = { limit: 1, filter: { search: 'A' }, sort: { field: 'NAME', direction: 'ASC' } };
    const { backups } = await send(documents.BackupsDocument, variables);
    const { items, pagination, summary } = backups as {
      items: { name: string }[];
      pagination: object;
      summary: object;
    };
    expect(items.map(({ name }) => name)).to.deep.equal(['alpha']);
    expect(pagination).to.deep.equal({
      page: 1,
      limit: 1,
      total: 2,
      totalPages: 2,
      hasNext: true,
      hasPrev: false,
    });
    expect(summary).to.deep.include({ total: 2, completed: 2, failed: 0, running: 0, totalSizeBytes: 2_000 });
  });

  it('restores, and keeps the name of a backup that is deleted', async () => {
    const { id } = await completeBackup({ name: 'before the sale' });
    const created = await send(documents.CreateRestoreDocument, {
      input: { backupId: id, targetPath: 'copy' },
    });
    const { restore } = created.createRestore as { restore: OperationView };
    await follow(documents.RestoreProgressDocument, { id: restore.id });
    await send(documents.DeleteBackupDocument, { id });
    const data = await send(documents.RestoreDocument, { id: restore.id });
    expect(data.restore).to.deep.include({
      status: 'COMPLETED',
      validated: true,
      backupId: id,
      backupName: 'before the sale',
      backup: null,
      restoredBytes: 1_000,
    });
  });

  it('cancels what runs, and refuses to cancel what has ended', async () => {
    kit.engine.duringBackup = (_request, { signal }) => workUntil(new Promise(() => {}), signal);
    const { id } = await createBackup();
    const { cancelBackup } = await send(documents.CancelBackupDocument, { id });
    const again = await test.query(String(documents.CancelBackupDocument), { id });
    expect((cancelBackup as OperationView).status).to.equal('CANCELLED');
    expect([again.status, codesOf(again)]).to.deep.equal([409, ['CONFLICT']]);
  });

  it('makes schedules, runs them, and shows what they made', async () => {
    const input = { name: 'Nightly', cron: '30 2 * * *', timeZone: 'Europe/Berlin', keepDaily: 7 };
    const { createSchedule } = await send(documents.CreateScheduleDocument, { input });
    const { id } = createSchedule as { id: string };
    expect(createSchedule).to.deep.include({
      enabled: true,
      components: ['DATABASE', 'CONFIG', 'CACHE', 'FILES'],
      retentionDays: 30,
      jitterSeconds: 0,
      keepDaily: 7,
      keepLast: null,
      pingUrl: null,
      lastBackup: null,
    });
    const { runSchedule } = await send(documents.RunScheduleDocument, { id });
    const { backup } = runSchedule as { backup: OperationView & { scheduleId: string } };
    expect(backup).to.include({ trigger: 'SCHEDULE', createdBy: 'schedule:Nightly', scheduleId: id });
    await follow(documents.BackupProgressDocument, { id: backup.id });
    await send(documents.UpdateScheduleDocument, { id, input: { ...input, enabled: false } });
    const { schedules } = await send(documents.SchedulesDocument);
    const [schedule] = schedules as Record<string, unknown>[];
    expect(schedule).to.deep.include({ enabled: false, nextRunAt: null, nextRuns: [] });
    expect(schedule?.lastBackup).to.include({ id: backup.id, status: 'COMPLETED' });
    expect(await send(documents.DeleteScheduleDocument, { id })).to.deep.equal({ deleteSchedule: id });
  });

  it('pins, deletes several, and cleans up', async () => {
    const [first, second] = [await completeBackup(), await completeBackup()];
    const { pinBackup } = await send(documents.PinBackupDocument, { id: first.id, pinned: true });
    expect(pinBackup).to.include({ pinned: true, suspicious: false });
    const { deleteBackups } = await send(documents.DeleteBackupsDocument, { ids: [first.id, second.id] });
    expect(deleteBackups).to.deep.include({ id: second.id, error: null });
    const { cleanup } = await send(documents.CleanupDocument, { dryRun: true });
    const { kept } = cleanup as { kept: { backup: OperationView; reasons: string[] }[] };
    expect(kept.map(({ backup, reasons }) => [backup.id, reasons[0]])).to.deep.equal([[first.id, 'pinned']]);
    expect(cleanup).to.deep.include({
      dryRun: true,
      expiredBackups: [],
      reclaimedBytes: 400,
      suspended: null,
    });
    const answer = await test.query(String(documents.ConfirmBackupDocument), { id: first.id });
    expect(codesOf(answer)).to.deep.equal(['CONFLICT']);
  });

  it('answers a repeated idempotency key with the first backup', async () => {
    const first = await createBackup({ idempotencyKey: 'till-1 2026-01-31' });
    const second = await createBackup({ idempotencyKey: 'till-1 2026-01-31' });
    expect(second.id).to.equal(first.id);
  });

  it('writes who was refused, and what for, to the audit log', async () => {
    await test.query(String(documents.BackupsDocument), {}, null);
    await test.query(
      String(documents.BackupsDocument),
      {},
      makeToken({ claims: { sub: 'carl', role: 'CASHIER' } }),
    );
    const { items } = await kit.audit.list({ page: 1, limit: 10 }, { action: 'auth.denied' });
    const entries = items.map(({ actor, role, target, outcome }) => ({ actor, role, target, outcome }));
    expect(entries).to.have.deep.members([
      { actor: 'anonymous', role: null, target: 'request', outcome: 'UNAUTHENTICATED' },
      { actor: 'carl', role: 'CASHIER', target: 'Query.backups', outcome: 'FORBIDDEN' },
    ]);
  });

  describe('bad input', () => {
    const creating = String(documents.CreateBackupDocument);
    const listing = String(documents.BackupsDocument);
    const cases: readonly { name: string; query: string; variables: Record<string, unknown> }[] = [
      { name: 'a page of 0', query: listing, variables: { page: 0 } },
      { name: 'a limit of 0', query: listing, variables: { limit: 0 } },
      { name: 'a limit of 101', query: listing, variables: { limit: 101 } },
      {
        name: 'a limit of 101 for restores',
        query: String(documents.RestoresDocument),
        variables: { limit: 101 },
      },
      { name: 'a retention of 0', query: creating, variables: { input: { retentionDays: 0 } } },
      { name: 'a retention of 366', query: creating, variables: { input: { retentionDays: 366 } } },
      { name: 'PARTIAL without components', query: creating, variables: { input: { type: 'PARTIAL' } } },
      {
        name: 'PARTIAL with no component',
        query: creating,
        variables: { input: { type: 'PARTIAL', components: [] } },
      },
      { name: 'FULL with one component', query: creating, variables: { input: { components: ['FILES'] } } },
      { name: 'a name of 121 characters', query: creating, variables: { input: { name: 'x'.repeat(121) } } },
      { name: 'an empty name', query: creating, variables: { input: { name: '' } } },
      { name: 'a compression level of 0', query: creating, variables: { input: { compressionLevel: 0 } } },
      { name: 'a compression level of 20', query: creating, variables: { input: { compressionLevel: 20 } } },
    ];
    for (const { name, query, variables } of cases) {
      it(`is refused: ${name}`, async () => {
        const answer = await test.query(query, variables);
        const { total } = await kit.backups.list({ page: 1, limit: 1 }, null, {
          field: 'NAME',
          direction: 'ASC',
        });
        expect([answer.status, codesOf(answer), total]).to.deep.equal([400, ['BAD_USER_INPUT'], 0]);
      });
    }

    for (const targetPath of ['../till', '/etc', 'a/../../b', '..', 'a\0b']) {
      it(`is refused: the target path ${JSON.stringify(targetPath)}`, async () => {
        const { id } = await completeBackup();
        const answer = await test.query(String(documents.CreateRestoreDocument), {
          input: { backupId: id, targetPath },
        });
        expect([answer.status, codesOf(answer)]).to.deep.equal([400, ['BAD_USER_INPUT']]);
        expect(kit.engine.restoreRequests).to.deep.equal([]);
      });
    }

    it('is refused: a negative place to go on from', async () => {
      const { id } = await completeBackup();
      const [answer = {}] = await follow(documents.BackupProgressDocument, { id, after: -1 });
      expect(codesOf(answer)).to.deep.equal(['BAD_USER_INPUT']);
    });

    const unknown = [
      [documents.BackupDocument, {}],
      [documents.RestoreDocument, {}],
      [documents.DeleteBackupDocument, {}],
      [documents.CancelBackupDocument, {}],
      [documents.CancelRestoreDocument, {}],
      [documents.CreateRestoreDocument, { input: { backupId: 'none' } }],
    ] as const;
    for (const [document, variables] of unknown) {
      const query = String(document);
      it(`is refused: an unknown id, for ${query.trim().split('(')[0]}`, async () => {
        const answer = await test.query(query, { id: 'none', ...variables });
        expect([answer.status, codesOf(answer)]).to.deep.equal([404, ['NOT_FOUND']]);
      });
    }
  });
});
