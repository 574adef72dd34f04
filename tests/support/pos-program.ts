/**
 * A till that keeps its database open, and reads and sells without a pause, whatever is done to the database meanwhile.
 * Argument: the path. Says 'open' once it has sold, and at 'stop' (or every 20 ms, to be killed at any time) what it saw.
 */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';

/** What the till saw. */
export interface PosReport {
  commits: number;
  /** How often it met SQLITE_BUSY. */
  busy: number;
  /** Everything else that went wrong. */
  errors: string[];
  /** Values of `marker` in the order in which they were first seen. */
  seen: string[];
}

const SQLITE_BUSY = 5;
const report: PosReport = { commits: 0, busy: 0, errors: [], seen: [] };
const database = new DatabaseSync(process.argv[2]!, { timeout: 10 });
let isStopped = false;
process.on('message', () => {
  isStopped = true;
});
process.on('disconnect', () => {
  isStopped = true;
});

const read = database.prepare(
  'SELECT (SELECT value FROM marker) AS marker, (SELECT sum(cents) FROM sale) AS sales, (SELECT sum(cents) FROM drawer) AS drawers',
);
const insert = database.prepare('INSERT INTO sale (cents, note) VALUES (?, ?)');
const pay = database.prepare('UPDATE drawer SET cents = cents + ? WHERE id = 1');

function work(): void {
  const { marker, sales, drawers } = read.get()!;
  if (report.seen.at(-1) !== marker) report.seen.push(String(marker));
  if (sales !== drawers) report.errors.push(`sales of ${sales}, drawers of ${drawers}`);
  database.exec('BEGIN IMMEDIATE');
  insert.run(5, 'a sale');
  pay.run(5);
  database.exec('COMMIT');
  report.commits += 1;
}

/** A statement that fails leaves its transaction open. */
function rollBack(): void {
  if (database.isTransaction) database.exec('ROLLBACK');
}

while (!isStopped) {
  try {
    work();
  } catch (error) {
    const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
    if (code === SQLITE_BUSY) report.busy += 1;
    else report.errors.push(String(error));
    rollBack();
  }
  if (report.commits % 10 === 1) process.send?.(report);
  await wait(1);
}
database.close();
process.send?.(report);
process.disconnect?.();
