/** Who or what keeps a PostgreSQL database from being renamed: told apart from a lack of privileges. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'pg';
import { ConflictError, SourceError, throwIfCancelled } from '../shared/errors.js';
import { quoteName } from './postgres-client.js';

/** How long sessions that were told to end are waited for. */
const END_SESSIONS_MS = 10_000;
const POLL_MS = 50;

/** A session in a database. */
export interface Session {
  pid: number;
  user: string;
  application: string;
  /** Whether the user in DATABASE_URL may end it. */
  canEnd: boolean;
}

/** Sessions of clients in `database`, but for our own. */
export async function findSessions(client: Client, database: string): Promise<Session[]> {
  const { rows } = await client.query<Session>(
    `SELECT a.pid, a.usename AS user, coalesce(nullif(a.application_name, ''), 'unnamed') AS application,
            (me.rolsuper OR (NOT holder.rolsuper AND (pg_has_role(a.usesysid, 'USAGE')
              OR pg_has_role('pg_signal_backend', 'USAGE')))) AS "canEnd"
       FROM pg_stat_activity a JOIN pg_roles me ON me.rolname = current_user
       JOIN pg_roles holder ON holder.oid = a.usesysid
      WHERE a.datname = $1 AND a.pid <> pg_backend_pid() ORDER BY a.pid`,
    [database],
  );
  return rows;
}

/** `3 clients (till, psql)`. */
export function describeSessions(sessions: readonly Session[]): string {
  const names = [...new Set(sessions.map(({ application }) => application))].slice(0, 5);
  return `${sessions.length} ${sessions.length === 1 ? 'client' : 'clients'} (${names.join(', ')})`;
}

/** True when no privilege and no limit counts for this session. */
export async function isSuperuser(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ is: boolean }>(
    'SELECT rolsuper AS is FROM pg_roles WHERE rolname = current_user',
  );
  return rows[0]!.is;
}

/** The statement that lets sessions begin in a database, or none. */
export const allowConnections = (name: string, isAllowed: boolean): string =>
  `ALTER DATABASE ${quoteName(name)} ALLOW_CONNECTIONS ${isAllowed}`;

/**
 * Ends every session in `database` and lets no new one begin, until it is told otherwise.
 * @throws ConflictError naming those that do not end
 */
export async function emptyDatabase(client: Client, database: string, signal?: AbortSignal): Promise<void> {
  await client.query(allowConnections(database, false));
  let sessions = await findSessions(client, database);
  for (let waitedMs = 0; sessions.length > 0; waitedMs += POLL_MS) {
    throwIfCancelled(signal);
    const [first] = sessions;
    if (waitedMs >= END_SESSIONS_MS || sessions.every(({ canEnd }) => !canEnd)) {
      throw new ConflictError(
        `Database "${database}" is held by ${describeSessions(sessions)}, which ${first!.canEnd ? 'do not end' : 'the user in DATABASE_URL may not end'}: close them and restore again`,
      );
    }
    const pids = sessions.filter(({ canEnd }) => canEnd).map(({ pid }) => pid);
    await client.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [pids]);
    await wait(POLL_MS);
    sessions = await findSessions(client, database);
  }
}

/**
 * Refuses a restore that the swap would refuse after all the work.
 * @throws SourceError when the user lacks privileges, ConflictError when something holds the database
 */
export async function checkRestorable(client: Client, database: string): Promise<void> {
  const { user, owner, mayCreate, mayOwn, deniedTablespace, takesConnections } = await readRights(
    client,
    database,
  );
  if (!mayCreate) {
    throw new SourceError(
      `User "${user}" may not create databases, which a restore needs: ALTER ROLE "${user}" CREATEDB`,
    );
  }
  if (owner === null) return;
  if (!mayOwn) {
    throw new SourceError(
      `User "${user}" may not rename database "${database}", which belongs to "${owner}": use that user in DATABASE_URL, or GRANT "${owner}" TO "${user}"`,
    );
  }
  if (deniedTablespace !== null) {
    throw new SourceError(
      `User "${user}" may not create databases in tablespace "${deniedTablespace}", where database "${database}" is: GRANT CREATE ON TABLESPACE "${deniedTablespace}" TO "${user}"`,
    );
  }
  if (!takesConnections) {
    throw new ConflictError(
      `Database "${database}" takes no connections at present: another restore is under way or was interrupted`,
    );
  }
  const held = (await findSessions(client, database)).filter(({ canEnd }) => !canEnd);
  if (held.length > 0) {
    throw new ConflictError(
      `Database "${database}" is held by ${describeSessions(held)}, which user "${user}" may not end: close them and restore again`,
    );
  }
  await assertNothingTied(client, database);
}

interface Rights {
  user: string;
  owner: string | null;
  mayCreate: boolean;
  mayOwn: boolean;
  /** The tablespace of the database when it must be named and may not be used. */
  deniedTablespace: string | null;
  takesConnections: boolean;
}

/** What lets a user make a role the owner of something: a server before version 16 does not know the privilege SET. */
export const TO_GIVE_AWAY = `CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END`;

async function readRights(client: Client, database: string): Promise<Rights> {
  const { rows } = await client.query<Rights>(
    `SELECT me.rolname AS user, pg_get_userbyid(d.datdba) AS owner, (me.rolsuper OR me.rolcreatedb) AS "mayCreate",
            (me.rolsuper OR (pg_has_role(d.datdba, 'USAGE') AND pg_has_role(d.datdba, ${TO_GIVE_AWAY}))) AS "mayOwn",
            (SELECT t.spcname FROM pg_tablespace t JOIN pg_database u ON u.datname = 'template0'
              WHERE t.oid = d.dattablespace AND t.oid <> u.dattablespace
                AND NOT has_tablespace_privilege(t.oid, 'CREATE')) AS "deniedTablespace",
            d.datallowconn AS "takesConnections"
       FROM pg_roles me LEFT JOIN pg_database d ON d.datname = $1 WHERE me.rolname = current_user`,
    [database],
  );
  return rows[0]!;
}

/** Replication and prepared transactions belong to the database as it is, and would go with the old one. */
async function assertNothingTied(client: Client, database: string): Promise<void> {
  const { rows } = await client.query<{ slots: string; subscriptions: string; prepared: string }>(
    `SELECT (SELECT count(*) FROM pg_replication_slots WHERE database = $1) AS slots,
            (SELECT count(*) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = $1) AS subscriptions,
            (SELECT count(*) FROM pg_prepared_xacts WHERE database = $1) AS prepared`,
    [database],
  );
  const { slots, subscriptions, prepared } = rows[0]!;
  const found = Object.entries({
    'replication slots': slots,
    subscriptions,
    'prepared transactions': prepared,
  })
    .filter(([, count]) => count !== '0')
    .map(([what, count]) => `${count} ${what}`);
  if (found.length === 0) return;
  throw new ConflictError(`Database "${database}" has ${found.join(' and ')}: remove them before a restore`);
}
