/** Clients that hold what a restore wants to move or drop: waited for, named, and of Tillvault's own schemas, ended. */
import { ConflictError } from '../shared/errors.js';
import { isLockTimeout, type MysqlSession, quoteMysqlName } from './mysql-client.js';
import { listTables, quotePlace } from './mysql-schema.js';

/** For one statement, in seconds: what it waits for, the till's other clients wait for as well. */
export const LOCK_WAIT_SECONDS = 1;

/**
 * Waits for a moment at which no transaction holds a table of `schema`.
 * @throws what `isLockTimeout` knows, when there was none within `LOCK_WAIT_SECONDS`
 */
export async function waitForTables(session: MysqlSession, schema: string): Promise<void> {
  const tables = await listTables(session, schema);
  if (tables.length === 0) return;
  const places = tables.map((table) => `${quotePlace(schema, table)} WRITE`);
  try {
    await session.run(`LOCK TABLES ${places.join(', ')}`);
    await session.run('UNLOCK TABLES');
  } catch (error) {
    if (isLockTimeout(error)) throw error;
    // A table that cannot be opened, or was just dropped: moving it will tell.
  }
}

/**
 * Drops a schema that only a restore uses. Sessions in it are ended: monitoring, a dump of the whole server.
 * @throws ConflictError when somebody holds it who cannot be ended
 */
export async function dropSchema(session: MysqlSession, schema: string): Promise<void> {
  await session.run(`SET SESSION lock_wait_timeout = ${LOCK_WAIT_SECONDS}, foreign_key_checks = 0`);
  const statement = `DROP DATABASE IF EXISTS ${quoteMysqlName(schema)}`;
  await endSessions(session, schema);
  try {
    await session.run(statement);
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    throw new ConflictError(
      `Database "${schema}" of a restore is held by ${await describeHolders(session, schema)}: it is dropped when they have closed it`,
      { cause: error },
    );
  }
}

interface Client {
  id: number | string;
  user: string;
  host: string;
}

const CLIENT = `p.id AS id, p.user AS user, SUBSTRING_INDEX(p.host, ':', 1) AS host`;
const CONNECTED = `SELECT ${CLIENT} FROM information_schema.processlist p WHERE p.db = ? AND p.id <> CONNECTION_ID()`;
/** Who holds a lock, from what servers have for it; each may be missing, switched off, or not permitted. */
const HOLDING = [
  `SELECT DISTINCT ${CLIENT} FROM information_schema.metadata_lock_info l
     JOIN information_schema.processlist p ON p.id = l.thread_id
    WHERE l.table_schema = ? AND p.id <> CONNECTION_ID()`,
  `SELECT DISTINCT ${CLIENT} FROM performance_schema.metadata_locks l
     JOIN performance_schema.threads t ON t.thread_id = l.owner_thread_id
     JOIN information_schema.processlist p ON p.id = t.processlist_id
    WHERE l.object_schema = ? AND l.lock_status = 'GRANTED' AND p.id <> CONNECTION_ID()`,
  `SELECT DISTINCT ${CLIENT} FROM information_schema.innodb_trx l
     JOIN information_schema.processlist p ON p.id = l.trx_mysql_thread_id
    WHERE p.db = ? AND p.id <> CONNECTION_ID()`,
];

/** Those that can be told to hold `schema`; empty when nothing tells. */
async function findHolders(session: MysqlSession, schema: string): Promise<Client[]> {
  for (const query of HOLDING) {
    const clients = await session.rows<Client>(query, [schema]).catch(() => []); // not on this server
    if (clients.length > 0) return clients;
  }
  return [];
}

async function endSessions(session: MysqlSession, schema: string): Promise<void> {
  const clients = [
    ...(await session.rows<Client>(CONNECTED, [schema])),
    ...(await findHolders(session, schema)),
  ];
  for (const id of new Set(clients.map((client) => Number(client.id)))) {
    await session.run(`KILL CONNECTION ${id}`).catch(() => {}); // gone already, or somebody else's: the drop tells
  }
}

/** `2 clients (till at 10.0.0.5, root at localhost)`. */
export async function describeHolders(session: MysqlSession, schema: string): Promise<string> {
  const holding = await findHolders(session, schema);
  if (holding.length > 0) return describeClients(holding);
  const connected = await session.rows<Client>(CONNECTED, [schema]);
  if (connected.length === 0) return 'clients that cannot be named';
  return `one or more of ${describeClients(connected)}`;
}

function describeClients(clients: readonly Client[]): string {
  const names = [...new Set(clients.map(({ user, host }) => `${user} at ${host}`))].slice(0, 5);
  return `${clients.length} ${clients.length === 1 ? 'client' : 'clients'} (${names.join(', ')})`;
}
