/**
 * A program of its own for work of SQLite that takes long and that nothing can end within a process: the one that
 * waits for it can kill it. Takes a task as JSON in its argument, prints one line of JSON.
 */
import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { AppError } from '../shared/errors.js';
import { openSqlite, toDatabaseError } from './sqlite-connection.js';
import { checkDatabaseHealth, countTableRows, type DatabaseFindings } from './sqlite-health.js';
import type { DatabaseTask, TaskReport } from './sqlite-task.js';

function run(task: DatabaseTask): TaskReport {
  try {
    return { code: null, findings: perform(task) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { code: error.code, message: error.message };
  }
}

function perform(task: DatabaseTask): DatabaseFindings {
  if (task.kind === 'check') return checkDatabaseHealth(task.path, task);
  if (task.kind === 'count') {
    return { orphans: [], unchecked: null, tables: countTableRows(task.path, task.name) };
  }
  return rewrite(task);
}

/** VACUUM INTO, and not VACUUM: it keeps rowids. Not `immutable`: such a connection does not change the page size. */
function rewrite({
  path,
  goal,
  pageBytes,
  name,
}: Extract<DatabaseTask, { kind: 'rewrite' }>): DatabaseFindings {
  try {
    writeFileSync(goal, '', { mode: 0o600, flag: 'wx' });
    const database = openSqlite(path, { busyTimeoutMs: 0 });
    try {
      database.exec(`PRAGMA page_size = ${pageBytes}`);
      database.prepare('VACUUM INTO ?').run(goal);
    } finally {
      database.close();
    }
    const descriptor = openSync(goal, 'r+');
    fsyncSync(descriptor);
    closeSync(descriptor);
  } catch (error) {
    throw toDatabaseError(error, `Database "${name}" cannot be rewritten with pages of ${pageBytes} bytes`);
  }
  return checkDatabaseHealth(goal, { name, depth: 'full', foreignKeys: false });
}

process.stdout.write(`${JSON.stringify(run(JSON.parse(process.argv[2] ?? '')))}\n`);
