/** The whole server left to itself: a schedule that was missed, hooks, the clean-up. Nothing is in place of the real. */
import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { MiB } from '../../src/shared/bytes.js';
import { ServerProcess } from '../support/server-process.js';

const DAY_MS = 24 * 3_600_000;

interface Row {
  id: string;
  name: string;
}

/** Answers what `find` finds, as soon as it finds something. */
async function until<T>(find: () => Promise<T | null | undefined>): Promise<T> {
  for (let attempt = 0; attempt < 1_500; attempt++) {
    const found = await find();
    if (found !== null && found !== undefined) return found;
    await wait(20);
  }
  throw new Error('It did not happen within 30 seconds');
}

/** Changes the metadata of a server that is stopped. */
function changeMetadata(server: ServerProcess, sql: string, ...values: (string | number)[]): void {
  const file = readdirSync(server.path('data')).find((name) => name.endsWith('.db'));
  const database = new DatabaseSync(server.path('data', file!));
  const { changes } = database.prepare(sql).run(...values);
  database.close();
  expect(Number(changes)).to.be.greaterThan(0);
}

function bytesBelow(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

describe('A server that is left to itself', function () {
  this.timeout(180_000);

  async function backupsOf(server: ServerProcess): Promise<Record<string, unknown>[]> {
    const { data } = await server.query(
      '{ backups(limit: 100, sort: {field: CREATED_AT, direction: ASC}) { items { id name status trigger createdBy scheduleId notices error { code message } } } }',
    );
    return (data?.backups?.items ?? []) as Record<string, unknown>[];
  }

  it('makes up for a scheduled backup that was missed while it was down, once', async () => {
    await using server = await ServerProcess.start();
    const { data } = await server.query(
      'mutation { createSchedule(input: { name: "Nightly", cron: "0 3 * * *", timeZone: "Europe/Berlin", keepDaily: 7 }) { id nextRunAt nextRuns(count: 3) lastBackup { id } } }',
    );
    const schedule = data?.createSchedule as { id: string; nextRunAt: string; nextRuns: string[] };
    expect(schedule.nextRuns[0]).to.equal(schedule.nextRunAt);
    expect(new Set(schedule.nextRuns).size).to.equal(3);
    await server.stop();
    const then = new Date(Date.now() - 3 * DAY_MS).toISOString();
    changeMetadata(server, 'UPDATE schedules SET dealtWithAt = ?', then.replace('Z', '+00:00'));
    await server.start();
    const made = await until(async () =>
      (await backupsOf(server)).find(({ status }) => status === 'COMPLETED'),
    );
    expect(made).to.include({ trigger: 'SCHEDULE', createdBy: 'schedule:Nightly', scheduleId: schedule.id });
    expect(server.output).to.contain('was missed').and.to.contain('backup.missed');
    await server.stop();
    await server.start();
    await wait(300);
    expect((await backupsOf(server)).length).to.equal(1);
    const answer = await server.query('{ schedules { lastRunAt lastBackup { id } } }');
    const stored = answer.data?.schedules as unknown as { lastBackup: Row }[] | undefined;
    expect(stored?.[0]?.lastBackup.id).to.equal(made.id);
  });

  it('runs hooks around a backup, fails it when the first one does, and starts the till again after a crash', async () => {
    await using server = await ServerProcess.prepare();
    const script = server.path('hook.sh');
    const log = server.path('hooks.log');
    await writeFile(
      script,
      `#!/bin/sh\necho "$1 $TILLVAULT_STATUS $TILLVAULT_COMPONENTS" >> ${log}\n[ ! -e ${server.path('slow')} ] || sleep 30\n[ ! -e ${server.path('broken')} ]\n`,
    );
    await chmod(script, 0o700);
    const settings = {
      HOOK_BEFORE_BACKUP: JSON.stringify([script, 'before']),
      HOOK_AFTER_BACKUP: JSON.stringify([script, 'after']),
    };
    await server.start(settings);
    const all = 'DATABASE,CONFIG,CACHE,FILES';
    expect((await server.backUp()).status).to.equal('COMPLETED');
    expect(await readFile(log, 'utf8')).to.equal(`before RUNNING ${all}\nafter COMPLETED ${all}\n`);
    await writeFile(server.path('broken'), '');
    const failed = await server.backUp();
    expect(failed).to.deep.include({ status: 'FAILED' });
    expect((failed.error as { code: string }).code).to.equal('HOOK_FAILED');
    expect(failed.notices).to.have.length(1);

    await writeFile(log, '');
    await writeFile(server.path('slow'), '');
    const { data } = await server.query('mutation { createBackup(input: {}) { backup { id } } }');
    expect(data?.createBackup).not.to.equal(undefined);
    await until(async () => ((await readFile(log, 'utf8')).includes('before') ? true : null));
    await server.stop('SIGKILL');
    await server.start({ ...settings, HOOK_TIMEOUT_SECONDS: '1' });
    expect(await readFile(log, 'utf8')).to.contain(`after FAILED ${all}`);
  });

  it('refuses to start with a clean-up that never comes', async () => {
    await using server = await ServerProcess.prepare();
    const { status, output } = await server.startRefused({ CLEANUP_CRON: '0 0 30 2 *' });
    expect(status).to.equal(1);
    expect(output).to.contain('CLEANUP_CRON: cron must name a time that comes');
  });

  it('removes what has expired by itself, reclaims the space, and what stays can be restored', async () => {
    await using server = await ServerProcess.start();
    await writeFile(server.path('files/picture'), randomBytes(8 * MiB));
    const first = await server.backUp();
    await writeFile(server.path('files/picture'), randomBytes(8 * MiB));
    const second = await server.backUp();
    await server.stop();
    const days = (ago: number) => new Date(Date.now() - ago * DAY_MS).toISOString().replace('Z', '+00:00');
    const update = 'UPDATE backups SET createdAt = ?, expiresAt = ? WHERE id = ?';
    changeMetadata(server, update, days(50), days(20), String(first.id));
    changeMetadata(server, update, days(49), days(19), String(second.id));
    const before = bytesBelow(server.path('backups'));
    await server.start({ CLEANUP_CRON: '* * * * *' });
    const { data } = await server.query(
      'mutation { cleanup(dryRun: true) { dryRun suspended reclaimedBytes expiredBackups { id } kept { backup { id } reasons } } }',
    );
    expect(data?.cleanup).to.deep.include({
      dryRun: true,
      suspended: null,
      expiredBackups: [{ id: first.id }],
      kept: [{ backup: { id: second.id }, reasons: ['newest completed of DATABASE, CONFIG, CACHE, FILES'] }],
    });
    expect(Number(data?.cleanup?.reclaimedBytes)).to.be.greaterThan(7 * MiB);
    expect(bytesBelow(server.path('backups'))).to.be.within(before - 1_000, before + 100_000);

    await server.stop();
    changeMetadata(server, 'UPDATE recurring_tasks SET dealtWithAt = ?', days(1));
    await server.start({ CLEANUP_CRON: '* * * * *' });
    await until(async () => ((await backupsOf(server)).length === 1 ? true : null));
    const restored = await server.restore({ backupId: second.id, validateOnly: true });
    expect(restored).to.include({ status: 'COMPLETED', validated: true });
    // Packs go in the second of two phases: the next clean-up removes what this one condemned.
    await until(async () => {
      const { errors } = await server.query('mutation { cleanup { reclaimedBytes } }');
      expect(errors ?? []).to.satisfy((all: { extensions: { code: string } }[]) =>
        all.every(({ extensions }) => extensions.code === 'CONFLICT'),
      );
      return bytesBelow(server.path('backups')) < before - 7 * MiB ? true : null;
    });
    expect((await server.restore({ backupId: second.id, validateOnly: true })).status).to.equal('COMPLETED');
  });

  it('notices that the files were encrypted by somebody else, and keeps its hands off until that is confirmed', async () => {
    await using server = await ServerProcess.start();
    for (let number = 0; number < 3; number++) {
      await writeFile(server.path('files/ledger'), `line of the ledger ${number}\n`.repeat(150_000));
      await server.backUp();
    }
    await writeFile(server.path('files/ledger'), randomBytes(3 * MiB));
    const { id } = await server.backUp();
    const suspicious = 'id suspicious suspicion confirmedAt';
    const { data } = await server.query(`query ($id: ID!) { backup(id: $id) { ${suspicious} } }`, { id });
    expect(data?.backup?.suspicion).to.contain('does not compress any more');
    expect(server.output).to.contain('backup.suspicious');
    const held = await server.query('mutation { cleanup { suspended expiredBackups { id } } }');
    expect(held.data?.cleanup?.suspended).to.contain(String(id));
    const confirmed = await server.query(`mutation ($id: ID!) { confirmBackup(id: $id) { ${suspicious} } }`, {
      id,
    });
    expect(confirmed.data?.confirmBackup).to.include({ suspicious: false });
    const free = await server.query('mutation { cleanup(dryRun: true) { suspended } }');
    expect(free.data?.cleanup).to.deep.equal({ suspended: null });
    expect(
      (await server.query('mutation ($id: ID!) { confirmBackup(id: $id) { id } }', { id })).errors,
    ).to.equal(undefined);
  });
});
