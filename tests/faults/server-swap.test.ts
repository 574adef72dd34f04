/**
 * The swap of a database on a server, cut at each of its statements: a failure is undone, and what a dead process
 * leaves is put right by the next one. The old database or the new one serves then, whole, and nothing else is left.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Connection } from 'mysql2/promise';
import pg from 'pg';
import { MysqlServer } from '../support/mysql-server.js';
import { MYSQL_FINGERPRINT, MYSQL_TILL } from '../support/mysql-till-schema.js';
import { PostgresServer } from '../support/postgres-server.js';
import { POSTGRES_FINGERPRINT, POSTGRES_TILL } from '../support/postgres-till-schema.js';
import { scaled } from '../support/scale.js';
import { createSeededIntegers } from '../support/seeded-random.js';
import { ServerTill } from '../support/server-till.js';
import { type Fault, withFault } from '../support/statement-faults.js';

const random = createSeededIntegers('moments of a restore');

interface Case {
  kind: 'postgresql' | 'mysql';
  open: (test: Mocha.Context) => Promise<Server>;
  prototype: Parameters<typeof withFault>[0];
  /** The first statement of the swap. */
  from: RegExp;
  /** What the till wrote since the backup. */
  change: string;
}

interface Server {
  make(): Promise<string>;
  url(database: string): string;
  run(database: string, sql: string): Promise<unknown>;
  fingerprint(database: string): Promise<string[]>;
  leftovers(database: string): Promise<string[]>;
  close(): Promise<void>;
}

async function measure(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

const sorted = (rows: { line: string }[]) => rows.map(({ line }) => line).sort();

const CASES: readonly Case[] = [
  {
    kind: 'postgresql',
    prototype: pg.Client.prototype,
    from: /ALLOW_CONNECTIONS/,
    change: 'TRUNCATE audit; DROP VIEW day_totals',
    open: async (test) => {
      const server = await PostgresServer.open(test);
      return {
        make: () => server.create(POSTGRES_TILL),
        url: (database) => server.url(database),
        run: (database, sql) => server.query(database, sql),
        fingerprint: async (database) => {
          const [view] = await server.query(database, "SELECT to_regclass('day_totals') AS name");
          const sql =
            view?.name === null ? POSTGRES_FINGERPRINT.replace(/^.*day_totals$/m, '') : POSTGRES_FINGERPRINT;
          return sorted(await server.query(database, sql));
        },
        leftovers: (database) => server.leftovers(database),
        close: () => server.close(),
      };
    },
  },
  {
    kind: 'mysql',
    prototype: Connection.prototype,
    from: /SET SESSION lock_wait_timeout/,
    change: 'DELETE FROM audit',
    open: async (test) => {
      const server = await MysqlServer.open(test);
      return {
        make: () => server.create(MYSQL_TILL),
        url: (database) => server.url(database),
        run: (database, sql) => server.run(database, sql),
        fingerprint: async (database) => sorted(await server.query(database, MYSQL_FINGERPRINT)),
        leftovers: (database) => server.leftovers(database),
        close: () => server.close(),
      };
    },
  },
];

for (const { kind, open, prototype, from, change } of CASES) {
  describe(`swap of a ${kind} database, cut at each statement`, function () {
    this.timeout(scaled(60_000, 900_000));
    let server: Server;
    let till: ServerTill;
    let database: string;
    let snapshotId: string;
    let old: string[];
    let restored: string[];

    before(async function () {
      server = await open(this);
      database = await server.make();
      till = await ServerTill.open(kind, server.url(database));
      restored = await server.fingerprint(database);
      ({ snapshotId } = await till.backup());
      await server.run(database, change);
      old = await server.fingerprint(database);
      expect(old).not.to.deep.equal(restored);
    });

    after(async () => {
      await till?.close();
      await server?.close();
    });

    /** Restores with the fault. @returns the number of statements from the swap's first on */
    async function restoreWith(fault: Omit<Fault, 'from'>, restoreId: string): Promise<number> {
      return withFault(prototype, { ...fault, from }, async () => {
        await till.restore(snapshotId, { restoreId }).catch(() => {});
      });
    }

    async function countStatements(): Promise<number> {
      const count = await restoreWith(
        { at: Number.POSITIVE_INFINITY, when: 'before', isDead: false },
        'count',
      );
      await till.forget('count');
      expect(await server.fingerprint(database)).to.deep.equal(restored);
      await server.run(database, change);
      return count;
    }

    it('ends with the old database or the new one, and nothing beside it', async () => {
      const count = await countStatements();
      expect(count, 'statements of a swap').to.be.greaterThan(8);
      const step = scaled(kind === 'mysql' ? 24 : 7, 1);
      // Sessions of an earlier look may have to be ended first, which takes a few statements more.
      const last = count + 4;
      const ends = { old: 0, restored: 0 };
      for (let at = 1; at <= last; at += step) {
        for (const isDead of [true, false]) {
          const when = (at / step) % 2 === 0 ? 'before' : 'after';
          const restoreId = `f${at}${isDead ? 'dead' : 'cut'}`;
          await restoreWith({ at, when, isDead }, restoreId);
          const name = `statement ${at} of ${count}, ${when}, ${isDead ? 'dead' : 'cut'}`;
          await till.recover(restoreId);
          ends[(await expectOldOrNew(name)) ? 'restored' : 'old'] += 1;
        }
      }
      process.stdout.write(
        `      ${count} statements: ${ends.old} times the old, ${ends.restored} times the restored database\n`,
      );
      expect(ends.old).to.be.greaterThan(0);
      expect(ends.restored).to.be.greaterThan(0);
    });

    it('ends within 2 s, with the old database or the new one, when it is cancelled at any moment', async () => {
      const durationMs = await measure(() => till.restoreAndForget(snapshotId));
      await server.run(database, change);
      for (let run = 0; run < scaled(3, 200); run += 1) {
        const abort = new AbortController();
        let abortedAt = Number.POSITIVE_INFINITY;
        const timer = setTimeout(
          () => {
            abortedAt = performance.now();
            abort.abort();
          },
          random(Math.ceil(durationMs)),
        );
        const restoreId = `c${run}`;
        await till.restore(snapshotId, { restoreId }, { signal: abort.signal }).catch(() => {});
        clearTimeout(timer);
        expect(performance.now() - abortedAt, 'milliseconds to the end').to.be.lessThan(2_000);
        await till.forget(restoreId);
        await expectOldOrNew(`cancelled in run ${run}`);
      }
    });

    it('is put right by the next process when its process is killed at any moment', async () => {
      const dying = await ServerTill.openOnDisk(kind, server.url(database));
      try {
        const backup = await dying.backup();
        const asBackedUp = await server.fingerprint(database);
        await server.run(database, "INSERT INTO audit VALUES ('77')");
        const before = await server.fingerprint(database);
        for (let run = 0; run < scaled(2, 100); run += 1) {
          const restoreId = `k${run}`;
          await killRestore(dying, backup.snapshotId, { restoreId, afterMs: random(900) });
          await dying.recover(restoreId);
          const found = await server.fingerprint(database);
          const isNew = found.join() === asBackedUp.join();
          if (!isNew) expect(found, `killed in run ${run}`).to.deep.equal(before);
          if (isNew) await server.run(database, "INSERT INTO audit VALUES ('77')");
          expect(await server.leftovers(database), `killed in run ${run}`).to.deep.equal([]);
        }
      } finally {
        await dying.close();
      }
    });

    async function expectOldOrNew(name: string): Promise<boolean> {
      const found = await server.fingerprint(database);
      const isNew = found.join() === restored.join();
      if (!isNew) expect(found, name).to.deep.equal(old);
      expect(await server.leftovers(database), name).to.deep.equal([]);
      if (isNew) await server.run(database, change);
      return isNew;
    }

    /** Restores in a process of its own and kills that. */
    async function killRestore(
      dying: ServerTill,
      snapshot: string,
      { restoreId, afterMs }: { restoreId: string; afterMs: number },
    ): Promise<void> {
      const program = fileURLToPath(new URL('../support/server-restore-program.js', import.meta.url));
      const child = fork(program, [kind, server.url(database), dying.folder, snapshot, restoreId], {
        silent: true,
      });
      const ended = once(child, 'close');
      await once(child.stdout!, 'data'); // it has begun
      const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
      await ended;
      clearTimeout(timer);
    }
  });
}
