import { fork } from 'node:child_process';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';

/** What one look at a till's database found. */
export interface SalesState {
  /** What `PRAGMA integrity_check` said. */
  integrity: string;
  sales: number;
  counted: number;
  saleCents: number;
  drawerCents: number;
}

export interface SalesOptions {
  journalMode: 'WAL' | 'DELETE';
  /** Sales to begin with. */
  sales: number;
  pageSize?: number;
}

/** Makes a till's database with sales in it, at a path where nothing is. */
export function makeSalesDatabase(path: string, { journalMode, sales, pageSize = 4096 }: SalesOptions): void {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA page_size = ${pageSize}; PRAGMA journal_mode = ${journalMode}`);
  database.exec(`
    CREATE TABLE sale (id INTEGER PRIMARY KEY, cents INTEGER NOT NULL, note TEXT NOT NULL);
    CREATE INDEX sale_cents ON sale (cents);
    CREATE TABLE drawer (id INTEGER PRIMARY KEY, cents INTEGER NOT NULL);
    CREATE TABLE counter (sales INTEGER NOT NULL);
    INSERT INTO counter VALUES (0);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8) INSERT INTO drawer SELECT i, 0 FROM n;
  `);
  if (sales > 0) {
    database.exec(`
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${sales})
        INSERT INTO sale (cents, note) SELECT (i * 7919) % 10000, 'receipt number ' || i || ' with thanks' FROM n;
      UPDATE drawer SET cents = (SELECT sum(cents) FROM sale) WHERE id = 1;
      UPDATE counter SET sales = ${sales};
    `);
  }
  database.close();
}

/** Checks the database at `path` and reads what its invariant is about. */
export function readSales(path: string): SalesState {
  const database = new DatabaseSync(path, { timeout: 20_000 });
  try {
    const value = (sql: string) => Object.values(database.prepare(sql).get() ?? {})[0];
    database.exec('BEGIN');
    return {
      integrity: String(value('PRAGMA integrity_check')),
      sales: Number(value('SELECT count(*) FROM sale')),
      counted: Number(value('SELECT sales FROM counter')),
      saleCents: Number(value('SELECT coalesce(sum(cents), 0) FROM sale')),
      drawerCents: Number(value('SELECT sum(cents) FROM drawer')),
    };
  } finally {
    database.close();
  }
}

/** A program that sells. */
export interface SellingWriter {
  /**
   * Ends it after the commit that is under way.
   * @returns commits it made and the seconds it had
   */
  stop(): Promise<{ commits: number; seconds: number }>;
}

/** Starts selling into the database at `path` in another process; resolves after its first commit. */
export async function startSelling(path: string): Promise<SellingWriter> {
  const program = fileURLToPath(new URL('./selling-writer-program.js', import.meta.url));
  const child = fork(program, [path]);
  const [first] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  if (typeof first !== 'object') throw new Error(`The selling program ended with ${first}`);
  const startedAt = performance.now();
  return {
    stop: async () => {
      if (child.exitCode !== null) throw new Error(`The selling program ended with ${child.exitCode}`);
      const ended = once(child, 'exit');
      const lastMessage = once(child, 'message');
      child.send('stop');
      const [message] = (await lastMessage) as [{ commits: number }];
      const seconds = (performance.now() - startedAt) / 1000;
      await ended;
      return { commits: message.commits, seconds };
    },
  };
}
