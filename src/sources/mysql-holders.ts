/** What keeps a MySQL database from being restored: too old a server, a lack of privileges, ties to other schemas, clients. */
import { ConflictError, SourceError } from '../shared/errors.js';
import type { MysqlSession } from './mysql-client.js';
import type { PlaceNames } from './place-names.js';
import type { ServerVersion } from './server-programs.js';

/** Since these, a RENAME TABLE of several tables is done as a whole or not at all, also when the server is killed. */
const ATOMIC_SINCE = { MariaDB: [10, 6], MySQL: [8, 0] } as const;
/** What moving tables between schemas, and loading a dump, take. */
const NEEDED = ['CREATE', 'DROP', 'ALTER', 'INSERT', 'SELECT', 'UPDATE', 'DELETE', 'TRIGGER', 'CREATE VIEW'];

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
  await assertPrivileges(session, names.fresh);
  await assertPrivileges(session, names.old);
  await assertNotReferenced(session, names.live);
}

/** `2 clients (till at 10.0.0.5, root at localhost)`: those connected to `database`, the longest at work first. */
export async function describeMysqlSessions(session: MysqlSession, database: string): Promise<string> {
  const rows = await session.rows<{ user: string; host: string }>(
    `SELECT user AS user, SUBSTRING_INDEX(host, ':', 1) AS host FROM information_schema.processlist
      WHERE db = ? AND id <> CONNECTION_ID() ORDER BY time DESC`,
    [database],
  );
  const names = [...new Set(rows.map(({ user, host }) => `${user} at ${host}`))].slice(0, 5);
  if (rows.length === 0) return 'clients that cannot be named';
  return `${rows.length} ${rows.length === 1 ? 'client' : 'clients'} (${names.join(', ')})`;
}

/** Says what is missing on `schema`. Roles hide what they grant: with one, only trying tells. */
async function assertPrivileges(session: MysqlSession, schema: string): Promise<void> {
  const [me] = await session.rows<{ account: string; role: string | null }>(
    'SELECT CURRENT_USER() AS account, CURRENT_ROLE() AS role',
  );
  const { account, role } = me!;
  if (role !== null && role !== 'NONE') return;
  const at = account.lastIndexOf('@');
  const grantee = `'${account.slice(0, at)}'@'${account.slice(at + 1)}'`;
  const rows = await session.rows<{ privilege: string }>(
    `SELECT privilege_type AS privilege FROM information_schema.user_privileges WHERE grantee = ?
      UNION SELECT privilege_type FROM information_schema.schema_privileges WHERE grantee = ? AND ? LIKE table_schema`,
    [grantee, grantee, schema],
  );
  const held = new Set(rows.map(({ privilege }) => privilege));
  const missing = NEEDED.filter((privilege) => !held.has(privilege));
  if (missing.length === 0) return;
  throw new SourceError(
    `User ${grantee} lacks ${missing.join(', ')} on the databases that a restore makes beside the live one: ` +
      `GRANT ALL ON \`${pattern(schema)}\`.* TO ${grantee}`,
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
