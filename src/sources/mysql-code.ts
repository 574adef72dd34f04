/**
 * What a MySQL schema holds besides tables: triggers, views, routines and events. RENAME TABLE cannot move them to
 * another schema, so a swap reads their definitions, drops them, and makes them again where they belong.
 */
import { SourceError } from '../shared/errors.js';
import { type MysqlSession, quoteMysqlName } from './mysql-client.js';

/** What `readCode` reads, as plain data. */
export interface CodeObject {
  kind: 'PROCEDURE' | 'FUNCTION' | 'PACKAGE' | 'PACKAGE BODY' | 'TRIGGER' | 'VIEW' | 'EVENT';
  name: string;
  /** Of a trigger: the table that it belongs to. */
  table: string | null;
  /** The statement that makes it; of a trigger, `TABLE_MARK` stands for its table. */
  sql: string;
  /** Session variables that it was made under. */
  sqlMode: string | null;
  collation: string | null;
  timeZone: string | null;
}

/** The kinds in the order in which they can be made. */
const KINDS = ['FUNCTION', 'PROCEDURE', 'PACKAGE', 'PACKAGE BODY', 'TRIGGER', 'VIEW', 'EVENT'] as const;
/** No table can have this name. */
const TABLE_MARK = '`tillvault/table`';

/** Every such object of `schema`, triggers of one table in the order in which they fire. */
export async function readCode(session: MysqlSession, schema: string): Promise<CodeObject[]> {
  await session.run(`USE ${quoteMysqlName(schema)}`); // names within the schema are written without it
  const objects = await readTriggers(session, schema);
  for (const { kind, name } of await listCode(session, schema)) {
    if (kind !== 'TRIGGER') objects.push(await readObject(session, kind, name));
  }
  return objects;
}

/** Drops the objects of `kinds` that are there. */
export async function dropCode(
  session: MysqlSession,
  schema: string,
  kinds: readonly CodeObject['kind'][],
): Promise<void> {
  for (const { kind, name } of (await listCode(session, schema)).reverse()) {
    if (kinds.includes(kind))
      await session.run(`DROP ${kind} IF EXISTS ${quoteMysqlName(schema)}.${quoteMysqlName(name)}`);
  }
}

/**
 * Makes those of `objects` that are of `kinds` and not there.
 * @param tableOf where the tables of triggers are at present
 */
export async function createCode(
  session: MysqlSession,
  schema: string,
  options: {
    objects: readonly CodeObject[];
    kinds: readonly CodeObject['kind'][];
    tableOf?: (table: string) => string;
  },
): Promise<void> {
  const { objects, kinds, tableOf = (table) => table } = options;
  await session.run(`USE ${quoteMysqlName(schema)}`);
  const there = new Set((await listCode(session, schema)).map(({ kind, name }) => `${kind} ${name}`));
  let waiting = objects.filter(({ kind, name }) => kinds.includes(kind) && !there.has(`${kind} ${name}`));
  waiting = KINDS.flatMap((kind) => waiting.filter((object) => object.kind === kind));
  const saved = await saveVariables(session);
  try {
    while (waiting.length > 0) waiting = await createSome(session, waiting, tableOf);
  } finally {
    await restoreVariables(session, saved);
  }
}

/** One round: a view may need another that comes later. Returns what is still to be made. */
async function createSome(
  session: MysqlSession,
  objects: readonly CodeObject[],
  tableOf: (table: string) => string,
): Promise<CodeObject[]> {
  const failed: CodeObject[] = [];
  let failure: unknown = null;
  for (const object of objects) {
    try {
      await createOne(session, object, tableOf);
    } catch (error) {
      if (object.kind !== 'VIEW') throw error;
      failed.push(object);
      failure = error;
    }
  }
  if (failed.length === objects.length && failed.length > 0) throw failure;
  return failed;
}

async function createOne(
  session: MysqlSession,
  object: CodeObject,
  tableOf: (table: string) => string,
): Promise<void> {
  const { sql, table, sqlMode, collation, timeZone } = object;
  if (sqlMode !== null) await session.run('SET SESSION sql_mode = ?', [sqlMode]);
  if (collation !== null) await session.run('SET SESSION collation_connection = ?', [collation]);
  if (timeZone !== null) await session.run('SET SESSION time_zone = ?', [timeZone]);
  const place = table === null ? '' : quoteMysqlName(tableOf(table));
  await session.run(sql.replace(TABLE_MARK, () => place));
}

interface Variables {
  sqlMode: string;
  collation: string;
  timeZone: string;
}

async function saveVariables(session: MysqlSession): Promise<Variables> {
  const [saved] = await session.rows<Variables>(
    'SELECT @@sql_mode AS sqlMode, @@collation_connection AS collation, @@time_zone AS timeZone',
  );
  return saved!;
}

async function restoreVariables(session: MysqlSession, saved: Variables): Promise<void> {
  await session.run('SET SESSION sql_mode = ?, collation_connection = ?, time_zone = ?', [
    saved.sqlMode,
    saved.collation,
    saved.timeZone,
  ]);
}

/** In the order of KINDS. */
async function listCode(session: MysqlSession, schema: string): Promise<Pick<CodeObject, 'kind' | 'name'>[]> {
  const found = await session.rows<Pick<CodeObject, 'kind' | 'name'>>(
    `SELECT routine_type AS kind, routine_name AS name FROM information_schema.routines WHERE routine_schema = ?
      UNION ALL SELECT 'TRIGGER', trigger_name FROM information_schema.triggers WHERE trigger_schema = ?
      UNION ALL SELECT 'VIEW', table_name FROM information_schema.views WHERE table_schema = ?
      UNION ALL SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = ?`,
    [schema, schema, schema, schema],
  );
  return KINDS.flatMap((kind) => found.filter((object) => object.kind === kind));
}

type Shown = Record<string, string | null>;

async function readObject(
  session: MysqlSession,
  kind: CodeObject['kind'],
  name: string,
): Promise<CodeObject> {
  const [shown] = await session.rows<Shown>(`SHOW CREATE ${kind} ${quoteMysqlName(name)}`);
  const column = Object.keys(shown ?? {}).find((each) => /^create /i.test(each));
  const sql = column === undefined ? null : shown![column];
  if (!sql) {
    throw new SourceError(
      `The user in DATABASE_URL may not see the definition of ${kind.toLowerCase()} "${name}": grant it SHOW_ROUTINE or SELECT on mysql.proc`,
    );
  }
  return {
    kind,
    name,
    table: null,
    sql,
    sqlMode: shown!.sql_mode ?? null,
    collation: shown!.collation_connection ?? null,
    timeZone: shown!.time_zone ?? null,
  };
}

interface TriggerRow {
  name: string;
  timing: string;
  event: string;
  tableName: string;
  statement: string;
  definer: string;
  sqlMode: string;
  collation: string;
}

async function readTriggers(session: MysqlSession, schema: string): Promise<CodeObject[]> {
  const rows = await session.rows<TriggerRow>(
    `SELECT trigger_name AS name, action_timing AS timing, event_manipulation AS event, event_object_table AS tableName,
            action_statement AS statement, definer AS definer, sql_mode AS sqlMode, collation_connection AS collation
       FROM information_schema.triggers WHERE trigger_schema = ?
      ORDER BY event_object_table, action_timing, event_manipulation, action_order`,
    [schema],
  );
  return rows.map(({ name, timing, event, tableName, statement, definer, sqlMode, collation }) => ({
    kind: 'TRIGGER',
    name,
    table: tableName,
    sql:
      `CREATE DEFINER=${quoteDefiner(definer)} TRIGGER ${quoteMysqlName(name)} ${timing} ${event} ` +
      `ON ${TABLE_MARK} FOR EACH ROW ${statement}`,
    sqlMode,
    collation,
    timeZone: null,
  }));
}

/** `user@host`, either of which may hold an `@`; a host does not. */
function quoteDefiner(definer: string): string {
  const at = definer.lastIndexOf('@');
  return `${quoteMysqlName(definer.slice(0, at))}@${quoteMysqlName(definer.slice(at + 1))}`;
}
