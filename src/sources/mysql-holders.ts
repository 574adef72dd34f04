/** What keeps a MySQL database from being restored: too old a server, a lack of privileges, ties to other schemas. */
import { ConflictError, SourceError } from '../shared/errors.js';
import { type MysqlSession, quoteMysqlName } from './mysql-client.js';
import { adviseSetUser, describeForeignCode, missingPrivileges, readPrivileges } from './mysql-privileges.js';
import type { PlaceNames } from './place-names.js';
import type { ServerVersion } from './server-programs.js';

/** Since these, a RENAME TABLE of several tables is done as a whole or not at all, also when the server is killed. */
const ATOMIC_SINCE = { MariaDB: [10, 6], MySQL: [8, 0] } as const;
/** What moving tables between schemas, making code again, and loading a dump, take. */
const NEEDED = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'CREATE',
  'DROP',
  'ALTER',
  'INDEX',
  'REFERENCES',
  'LOCK TABLES',
  'TRIGGER',
  'CREATE VIEW',
  'SHOW VIEW',
  'CREATE ROUTINE',
  'ALTER ROUTINE',
  'EVENT',
];

/**
 * Refuses a restore that would fail after all the work.
 * @throws SourceError when the server is too old or privileges lack, ConflictError when other schemas refer to this one
 */
export async function checkMysqlRestorable(
  session: MysqlSession,
  server: ServerVersion,
  names: PlaceNames,
): Promise<void> {
  if (server.flavour === 'PostgreSQL') throw new SourceError('The server is no MySQL server, expected one');
  const [major, minor] = ATOMIC_SINCE[server.flavour];
  if (server.major < major || (server.major === major && server.minor < minor)) {
    throw new SourceError(
      `The server is ${server.flavour} ${server.major}.${server.minor}, expected ${major}.${minor} or newer: ` +
        'restore to a target path, or upgrade it',
    );
  }
  for (const schema of [names.live, names.fresh, names.old, names.scratch])
    await assertPrivileges(session, schema, names);
  await assertOwnCode(session, names.live, server.flavour === 'MariaDB');
  await assertNotReferenced(session, names.live);
}

/** Says what is missing on `schema`. */
async function assertPrivileges(session: MysqlSession, schema: string, names: PlaceNames): Promise<void> {
  const privileges = await readPrivileges(session, schema);
  const missing = missingPrivileges(privileges, NEEDED);
  if (missing.length === 0) return;
  const isLive = schema === names.live;
  const what = isLive ? `database "${schema}"` : 'the databases that a restore makes beside the live one';
  const place = isLive ? quoteMysqlName(schema) : `\`${pattern(schema)}\``;
  throw new SourceError(
    `User ${privileges.grantee} lacks ${missing.join(', ')} on ${what}: GRANT ALL ON ${place}.* TO ${privileges.grantee}`,
  );
}

/** A swap drops triggers, routines and events, and makes them again should it be undone. Views are only renamed. */
async function assertOwnCode(session: MysqlSession, schema: string, isMariaDb: boolean): Promise<void> {
  const foreign = await describeForeignCode(session, schema, { withViews: false });
  const privileges = await readPrivileges(session, schema);
  if (foreign !== null) {
    throw new SourceError(
      `User ${privileges.grantee} may not make again what the live database holds of other users (${foreign}), should the restore have to be undone: ${adviseSetUser(privileges, isMariaDb)}`,
    );
  }
  const unseen = await session.rows<{ name: string }>(
    `SELECT routine_name AS name FROM information_schema.routines
      WHERE routine_schema = ? AND routine_definition IS NULL AND routine_body = 'SQL' LIMIT 5`,
    [schema],
  );
  if (unseen.length === 0) return;
  throw new SourceError(
    `User ${privileges.grantee} may not see the definition of ${unseen.map(({ name }) => `"${name}"`).join(', ')}: ` +
      `GRANT ${isMariaDb ? 'SELECT ON mysql.proc' : 'SHOW_ROUTINE ON *.*'} TO ${privileges.grantee}`,
  );
}

/** Fits the databases of every restore of one database. */
function pattern(schema: string): string {
  return `${schema.replace(/_tillvault_.*$/, '_tillvault_').replaceAll('_', '\\_')}%`;
}

/** A foreign key of another schema follows the tables that it names, and would end up at the old ones. */
async function assertNotReferenced(session: MysqlSession, schema: string): Promise<void> {
  const rows = await session.rows<{ place: string }>(
    `SELECT DISTINCT CONCAT(constraint_schema, '.', table_name) AS place
       FROM information_schema.referential_constraints
      WHERE unique_constraint_schema = ? AND constraint_schema <> ? LIMIT 5`,
    [schema, schema],
  );
  if (rows.length === 0) return;
  const places = rows.map(({ place }) => place).join(', ');
  throw new ConflictError(
    `Tables of other databases refer to "${schema}" by foreign keys (${places}): drop those before a restore`,
  );
}
