import type { MysqlSession } from './mysql-client.js';

/** What the account of a session may do with one schema. */
export interface Privileges {
  /** As SQL takes it. */
  grantee: string;
  /** Null when it cannot be told: roles hide what they grant, so that only trying tells. */
  held: ReadonlySet<string> | null;
}

/** Reads what is granted on the server as a whole and on `schema`. */
export async function readPrivileges(session: MysqlSession, schema: string): Promise<Privileges> {
  const [me] = await session.rows<{ account: string; role: string | null }>(
    'SELECT CURRENT_USER() AS account, CURRENT_ROLE() AS role',
  );
  const { account, role } = me!;
  const at = account.lastIndexOf('@');
  const grantee = `'${account.slice(0, at)}'@'${account.slice(at + 1)}'`;
  if (role !== null && role !== 'NONE') return { grantee, held: null };
  const rows = await session.rows<{ privilege: string }>(
    `SELECT privilege_type AS privilege FROM information_schema.user_privileges WHERE grantee = ?
      UNION SELECT privilege_type FROM information_schema.schema_privileges WHERE grantee = ? AND ? LIKE table_schema`,
    [grantee, grantee, schema],
  );
  return { grantee, held: new Set(rows.map(({ privilege }) => privilege)) };
}

/** Which of `wanted` are known to lack. */
export function missingPrivileges({ held }: Privileges, wanted: readonly string[]): string[] {
  return held === null ? [] : wanted.filter((privilege) => !held.has(privilege));
}

/** An object that runs as somebody else than the account of the session: only some may make it again. */
interface ForeignObject {
  kind: string;
  name: string;
  definer: string;
}

/** Any of them lets an account make objects that run as another; servers differ in what they call it. */
const SET_DEFINER = ['SUPER', 'SET USER', 'SET_USER_ID', 'SET_ANY_DEFINER'];

/**
 * Says which triggers, routines, events and views of `schema` the account could not make again, because they run as
 * somebody else; null when there are none.
 */
export async function describeForeignCode(
  session: MysqlSession,
  schema: string,
  options: { withViews: boolean },
): Promise<string | null> {
  const { held } = await readPrivileges(session, schema);
  if (held === null || SET_DEFINER.some((privilege) => held.has(privilege))) return null;
  const found = await session.rows<ForeignObject>(
    `SELECT * FROM (
       SELECT 'trigger' AS kind, trigger_name AS name, definer AS definer FROM information_schema.triggers WHERE trigger_schema = ?
       UNION ALL SELECT LOWER(routine_type), routine_name, definer FROM information_schema.routines WHERE routine_schema = ?
       UNION ALL SELECT 'event', event_name, definer FROM information_schema.events WHERE event_schema = ?
       UNION ALL SELECT 'view', table_name, definer FROM information_schema.views WHERE table_schema = ? AND ?
     ) objects WHERE definer <> CURRENT_USER() ORDER BY 1, 2`,
    [schema, schema, schema, schema, options.withViews ? 1 : 0],
  );
  if (found.length === 0) return null;
  const names = found.slice(0, 5).map(({ kind, name, definer }) => `${kind} "${name}" of ${definer}`);
  return `${names.join(', ')}${found.length > 5 ? ` and ${found.length - 5} more` : ''}`;
}

/** What lets an account make them. */
export function adviseSetUser({ grantee }: Privileges, isMariaDb: boolean): string {
  return `GRANT ${isMariaDb ? 'SET USER' : 'SET_ANY_DEFINER (before MySQL 8.2: SET_USER_ID)'} ON *.* TO ${grantee}`;
}
