/** Kills the real server, its metadata and all, in the middle of restores; what it says afterwards is what is there. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { SOAK, scaled } from '../support/scale.js';
import { ServerProcess } from '../support/server-process.js';

const PRELOAD = fileURLToPath(new URL('../support/fault-preload.js', import.meta.url));
const RUNNING = ['QUEUED', 'RUNNING', 'VALIDATING', 'RESTORING'];

describe('a server that is killed while it restores', function () {
  this.timeout(SOAK ? 1_800_000 : 120_000);

  /** Which state the till is in: `saved` or `later`, of every component. */
  function stateOf(server: ServerProcess): string[] {
    const database = new DatabaseSync(server.path('prisma/dev.db'));
    const { sales, integrity } = database
      .prepare(
        'SELECT count(*) AS sales, (SELECT integrity_check FROM pragma_integrity_check) AS integrity FROM sales',
      )
      .get()!;
    database.close();
    expect(integrity).to.equal('ok');
    const config = readFileSync(server.path('config/pos.json'), 'utf8');
    const files = readdirSync(server.path('files/receipts/2025')).length;
    const states = [
      sales === 500 ? 'saved' : 'later',
      config === '{"till":1}\n' ? 'saved' : 'later',
      files === 40 ? 'saved' : 'later',
    ];
    return [...new Set(states)];
  }

  function makeLater(server: ServerProcess): void {
    const database = new DatabaseSync(server.path('prisma/dev.db'));
    database.exec(
      "DELETE FROM sales WHERE id > 400; INSERT INTO sales (total, note) SELECT 1, 'later' FROM sales LIMIT 7",
    );
    database.close();
    writeFileSync(server.path('config/pos.json'), '{"till":2}\n');
    writeFileSync(server.path('files/receipts/2025/later.txt'), 'later');
  }

  function findLeftovers(server: ServerProcess): string[] {
    return readdirSync(server.folder, { recursive: true })
      .map(String)
      .filter((path) => /\.tillvault-|^backups\/tmp\/.|^temp\/.+\/.|^data\/journal\/./.test(path));
  }

  async function operations(
    server: ServerProcess,
  ): Promise<{ restores: Record<string, string>[]; backups: Record<string, string>[] }> {
    const { data } = await server.query(
      '{ restores(limit: 100) { items { id status restorePointId error { code message } } } backups(limit: 100) { items { id status trigger } } }',
    );
    return {
      restores: data!.restores!.items as Record<string, string>[],
      backups: data!.backups!.items as Record<string, string>[],
    };
  }

  /** Asks for a restore and waits until it ends or the server does. */
  async function restoreUntilEnd(server: ServerProcess, backupId: string): Promise<'ended' | 'killed'> {
    try {
      await server.restore({ backupId, overwrite: true });
      return 'ended';
    } catch (error) {
      if (!/fetch failed|terminated|ECONN|closed/.test(String(error))) throw error;
      await wait(50);
      return 'killed';
    }
  }

  it('says COMPLETED where all is restored, and that it was brought back where it is not', async () => {
    await using server = await ServerProcess.start();
    const backup = await server.backUp({ type: 'FULL' });
    await server.stop();
    const ends: Record<string, number> = {};
    for (let at = scaled(150, 20), isKilled = true; isKilled; at = Math.ceil((at * scaled(300, 104)) / 100)) {
      makeLater(server);
      const fault = { roots: [server.folder], at, kind: 'kill', isArmed: true };
      await server.start({ NODE_OPTIONS: `--import=${PRELOAD}`, TILLVAULT_FAULT: JSON.stringify(fault) });
      isKilled = (await restoreUntilEnd(server, String(backup.id))) === 'killed';
      await server.stop('SIGKILL');
      await server.start();
      const { restores, backups } = await operations(server);
      const [last] = restores;
      expect([...restores, ...backups].filter(({ status }) => RUNNING.includes(status!))).to.deep.equal([]);
      expect(stateOf(server), `point ${at}: ${JSON.stringify(last)}`).to.deep.equal([
        last!.status === 'COMPLETED' ? 'saved' : 'later',
      ]);
      expect(findLeftovers(server), `point ${at}`).to.deep.equal([]);
      if (last!.restorePointId !== null) {
        const point = backups.find(({ id }) => id === last!.restorePointId);
        expect(point).to.include({ status: 'COMPLETED', trigger: 'PRE_RESTORE' });
      }
      ends[last!.status!] = (ends[last!.status!] ?? 0) + 1;
      await server.stop();
    }
    process.stdout.write(`      ${JSON.stringify(ends)}\n`);
    expect(ends.COMPLETED).to.be.above(0);
    expect(ends.FAILED).to.be.above(0);
  });
});
