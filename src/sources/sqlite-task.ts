import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { TableRows } from '../shared/backup-check.js';
import { CancelledError, type ErrorCode, errorOf, SourceError, throwIfCancelled } from '../shared/errors.js';
import type { CheckDepth, DatabaseFindings } from './sqlite-health.js';

const PROGRAM = fileURLToPath(new URL('./sqlite-task-program.js', import.meta.url));

/** Work on a database file that nobody has open. `name` is how messages call it. */
export type DatabaseTask =
  /** SQLite's own checks: in full about 16 s for 1 GB, `quick` 2 s. */
  | { kind: 'check'; path: string; name: string; depth: CheckDepth; foreignKeys: boolean }
  /** Counts the rows of every table: about a second for 1 GB. */
  | { kind: 'count'; path: string; name: string }
  /** The same content with other pages into a new file, checked: about 25 s for 1 GB. */
  | { kind: 'rewrite'; path: string; name: string; goal: string; pageBytes: number };

/** What the program says: what it found, or an error. */
export type TaskReport = { code: null; findings: DatabaseFindings } | { code: ErrorCode; message: string };

/** How many rows each table has. @throws as `runDatabaseTask` */
export async function countRows(
  task: Extract<DatabaseTask, { kind: 'count' }>,
  signal?: AbortSignal,
): Promise<TableRows[]> {
  return (await runDatabaseTask(task, signal)).tables ?? [];
}

/**
 * Runs a task in a process of its own, in which time this thread goes on. Ends at once when `signal` aborts.
 * @throws IntegrityError with the first thing that is wrong, CancelledError, SourceError, StorageError
 */
export async function runDatabaseTask(task: DatabaseTask, signal?: AbortSignal): Promise<DatabaseFindings> {
  throwIfCancelled(signal);
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(task)], {
    env: {},
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const kill = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', kill, { once: true });
  try {
    const [printed] = await Promise.all([text(child.stdout), once(child, 'close')]);
    if (signal?.aborted) throw new CancelledError();
    return readReport(printed, task.name);
  } finally {
    signal?.removeEventListener('abort', kill);
    kill();
  }
}

function readReport(printed: string, name: string): DatabaseFindings {
  if (printed === '') {
    throw new SourceError(`The check of database "${name}" was ended from outside, restore it again`);
  }
  const report = JSON.parse(printed) as TaskReport;
  if (report.code !== null) throw errorOf(report.code, report.message);
  return report.findings;
}
