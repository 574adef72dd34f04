import type { Dump, Inspect } from './dump-source.js';
import { explainProgram } from './explain-program.js';
import { isBrokenView, type MysqlSession, readMysqlVersion, withMysql } from './mysql-client.js';
import { adviseSetUser, describeForeignCode, missingPrivileges, readPrivileges } from './mysql-privileges.js';
import { type DumpedParts, type MysqlProgram, startMysqlDump } from './mysql-programs.js';
import { alterDefaults, listViews, quotePlace, readDefaults } from './mysql-schema.js';
import type { ServerAddress } from './server-address.js';
import { findProgram, PROGRAM_NAMES, type ServerVersion } from './server-programs.js';

/** How the file of a dump ends that holds everything but events. */
export const TABLES_SUFFIX = '.sql';
/** How the one with the events ends. They are kept apart, because a restored event must not run before the swap. */
export const EVENTS_SUFFIX = '.sql.events';

/**
 * Looks at a MySQL or MariaDB database before its dump program does. The dump is `<database>.sql`, with tables, rows,
 * views, routines and triggers as of one moment, and `<database>.sql.events` when there are events.
 * The first one begins with the schema's default character set and collation, which the dump program leaves out.
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
    const except = found.brokenViews;
    const tables = {
      ...createDump(name + TABLES_SUFFIX, program, { what: 'tables', except }),
      begin: `${alterDefaults(found.defaults)};\n`,
    };
    const events = createDump(name + EVENTS_SUFFIX, program, { what: 'events', except });
    return {
      sizeBytes: found.sizeBytes,
      notices: found.notices,
      dumps: found.hasEvents ? [tables, events] : [tables],
    };
  };
}

function createDump(name: string, program: MysqlProgram, parts: DumpedParts): Dump {
  return {
    name,
    start: (signal) => startMysqlDump({ ...program, ...(signal && { signal }) }, parts),
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
  const brokenViews = await findBrokenViews(session, database);
  const version = await readMysqlVersion(session);
  return {
    version,
    brokenViews,
    defaults: await readDefaults(session, database),
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
      ...describe(
        brokenViews,
        'refer to something that is not there or that their definer may not see, and are not in the backup: drop or repair them',
        'Views',
      ),
      ...(await describeLacks(session, database, version)),
    ],
  };
}

function describe(tables: readonly string[], what: string, kind = 'Tables'): string[] {
  if (tables.length === 0) return [];
  const rest = tables.length > 5 ? ` and ${tables.length - 5} more` : '';
  return [`${kind} ${tables.slice(0, 5).join(', ')}${rest} ${what}`];
}

/** Views over what is gone: the dump program would end at the first of them. */
async function findBrokenViews(session: MysqlSession, database: string): Promise<string[]> {
  const broken: string[] = [];
  for (const name of await listViews(session, database)) {
    try {
      await session.rows(`SHOW FIELDS FROM ${quotePlace(database, name)}`);
    } catch (error) {
      if (!isBrokenView(error)) throw error;
      broken.push(name);
    }
  }
  return broken;
}

/** What the account may not see is missing from a dump without a word; what it may not make cannot be restored by it. */
async function describeLacks(
  session: MysqlSession,
  database: string,
  { flavour }: ServerVersion,
): Promise<string[]> {
  const privileges = await readPrivileges(session, database);
  const unseen = missingPrivileges(privileges, ['TRIGGER', 'EVENT']);
  const foreign = await describeForeignCode(session, database, { withViews: true });
  return [
    ...(unseen.length === 0
      ? []
      : [
          `User ${privileges.grantee} lacks ${unseen.join(' and ')}: triggers or events of the database, should there be any, are not in the backup`,
        ]),
    ...(foreign === null
      ? []
      : [
          `User ${privileges.grantee} cannot restore what other users made (${foreign}): ${adviseSetUser(privileges, flavour === 'MariaDB')}`,
        ]),
  ];
}
