import type { Dump, Inspect } from './dump-source.js';
import { explainProgram } from './explain-program.js';
import { type MysqlSession, readMysqlVersion, withMysql } from './mysql-client.js';
import { type MysqlProgram, startMysqlDump } from './mysql-programs.js';
import type { ServerAddress } from './server-address.js';
import { findProgram, PROGRAM_NAMES } from './server-programs.js';

/** How the file of a dump ends that holds everything but events. */
export const TABLES_SUFFIX = '.sql';
/** How the one with the events ends. They are kept apart, because a restored event must not run before the swap. */
export const EVENTS_SUFFIX = '.sql.events';

/**
 * Looks at a MySQL or MariaDB database before its dump program does. The dump is `<database>.sql`, with tables, rows,
 * views, routines and triggers as of one moment, and `<database>.sql.events` when there are events.
 * Users and their privileges belong to the server and are not in it.
 * @param options.programFolders where the configuration says that programs are
 */
export function inspectMysql(
  address: ServerAddress,
  options: { programFolders: readonly string[]; tempDir: string },
): Inspect {
  return async () => {
    const { database } = address;
    const found = await withMysql(address, database, (session) => look(session, database));
    const wanted = { names: PROGRAM_NAMES.mysql.dump, server: found.version };
    const path = await findProgram(wanted, options.programFolders);
    const program = { path, flavour: found.version.flavour, address, database, tempDir: options.tempDir };
    const name = database.replaceAll('/', '_');
    const tables = createDump(name + TABLES_SUFFIX, program, 'tables');
    const events = createDump(name + EVENTS_SUFFIX, program, 'events');
    return {
      sizeBytes: found.sizeBytes,
      notices: found.notices,
      dumps: found.hasEvents ? [tables, events] : [tables],
    };
  };
}

function createDump(name: string, program: MysqlProgram, what: 'tables' | 'events'): Dump {
  return {
    name,
    start: (signal) => startMysqlDump({ ...program, ...(signal && { signal }) }, what),
    explain: explainProgram('The dump program', `Database "${program.database}" cannot be dumped`),
  };
}

async function look(session: MysqlSession, database: string) {
  const [size] = await session.rows<{ size: string | null }>(
    'SELECT SUM(data_length) AS size FROM information_schema.tables WHERE table_schema = ?',
    [database],
  );
  const events = await session.rows<{ name: string }>(
    'SELECT event_name AS name FROM information_schema.events WHERE event_schema = ? LIMIT 1',
    [database],
  );
  const unsafe = await session.rows<{ name: string; engine: string }>(
    `SELECT t.table_name AS name, t.engine AS engine FROM information_schema.tables t
       JOIN information_schema.engines e ON e.engine = t.engine
      WHERE t.table_schema = ? AND t.table_type = 'BASE TABLE' AND COALESCE(e.transactions, 'NO') <> 'YES' ORDER BY 1`,
    [database],
  );
  const versioned = await session.rows<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
      WHERE table_schema = ? AND table_type = 'SYSTEM VERSIONED' ORDER BY 1`,
    [database],
  );
  return {
    version: await readMysqlVersion(session),
    sizeBytes: Number(size?.size ?? 0),
    hasEvents: events.length > 0,
    notices: [
      ...describe(
        unsafe.map(({ name, engine }) => `${name} (${engine})`),
        'cannot be captured as of one moment while the till writes, since their engine has no transactions',
      ),
      ...describe(
        versioned.map(({ name }) => name),
        'keep a history of their rows, which is not in the backup',
      ),
    ],
  };
}

function describe(tables: readonly string[], what: string): string[] {
  if (tables.length === 0) return [];
  const rest = tables.length > 5 ? ` and ${tables.length - 5} more` : '';
  return [`Tables ${tables.slice(0, 5).join(', ')}${rest} ${what}`];
}
