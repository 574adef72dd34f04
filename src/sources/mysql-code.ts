/**
 * What a MySQL schema holds besides tables: triggers, views, routines and events. RENAME TABLE cannot move them to
 * another schema, so a swap reads their definitions, drops or hides them, and makes them again where they belong.
 */
import { SourceError } from '../shared/errors.js';
import { type MysqlSession, quoteMysqlName } from './mysql-client.js';
import { readDefaults, type SchemaDefaults, setDefaults } from './mysql-schema.js';

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
  /** Default collation of the schema that it was made in; absent in what an older version wrote. */
  schemaCollation?: string | null;
}

/** Every kind, in the order in which they can be made. */
const KINDS = ['FUNCTION', 'PROCEDURE', 'PACKAGE', 'PACKAGE BODY', 'TRIGGER', 'VIEW', 'EVENT'] as const;
/** No table can have this name. */
const TABLE_MARK = '`tillvault/table`';

/**
 * Every such object of `schema` that is of `kinds`, triggers of one table in the order in which they fire.
 * @throws SourceError when a definition may not be seen
 */
export async function readCode(
  session: MysqlSession,
  schema: string,
  kinds: readonly CodeObject['kind'][] = KINDS,
): Promise<CodeObject[]> {
  await session.run(`USE ${quoteMysqlName(schema)}`); // names within the schema are written without it
  const objects = kinds.includes('TRIGGER') ? await readTriggers(session, schema) : [];
  for (const { kind, name } of await listCode(session, schema)) {
    if (kind !== 'TRIGGER' && kinds.includes(kind)) objects.push(await readObject(session, kind, name));
  }
  return objects;
}

/** Drops `objects`, as far as they are there. */
export async function dropCode(
  session: MysqlSession,
  schema: string,
  objects: readonly Pick<CodeObject, 'kind' | 'name'>[],
): Promise<void> {
  for (const kind of [...KINDS].reverse()) {
    for (const { name } of objects.filter((object) => object.kind === kind))
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
    kinds?: readonly CodeObject['kind'][];
    tableOf?: (table: string) => string;
  },
): Promise<void> {
  const { objects, kinds = KINDS, tableOf = (table) => table } = options;
  await session.run(`USE ${quoteMysqlName(schema)}`);
  const there = new Set((await listCode(session, schema)).map(({ kind, name }) => `${kind} ${name}`));
  let waiting = objects.filter(({ kind, name }) => kinds.includes(kind) && !there.has(`${kind} ${name}`));
  waiting = KINDS.flatMap((kind) => waiting.filter((object) => object.kind === kind));
  if (waiting.length === 0) return;
  const maker = await CodeMaker.open(session, schema, tableOf);
  try {
    while (waiting.length > 0) waiting = await createSome(maker, waiting);
  } finally {
    await maker.close();
  }
}

/** One round: a view may need another that comes later. Returns what is still to be made. */
async function createSome(maker: CodeMaker, objects: readonly CodeObject[]): Promise<CodeObject[]> {
  const failed: CodeObject[] = [];
  let failure: unknown = null;
  for (const object of objects) {
    try {
      await maker.create(object);
    } catch (error) {
      if (object.kind !== 'VIEW') throw error;
      failed.push(object);
      failure = error;
    }
  }
  if (failed.length === objects.length && failed.length > 0) throw failure;
  return failed;
}

/** Makes objects under the session variables that they were made under, and puts those back when it is closed. */
class CodeMaker {
  private constructor(
    private readonly session: MysqlSession,
    private readonly schema: string,
    private readonly tableOf: (table: string) => string,
    private readonly before: Variables,
    private readonly defaults: SchemaDefaults,
  ) {}

  static async open(
    session: MysqlSession,
    schema: string,
    tableOf: (table: string) => string,
  ): Promise<CodeMaker> {
    const [variables] = await session.rows<Variables>(
      'SELECT @@sql_mode AS sqlMode, @@collation_connection AS collation, @@time_zone AS timeZone',
    );
    return new CodeMaker(session, schema, tableOf, variables!, await readDefaults(session, schema));
  }

  async create({ sql, table, ...made }: CodeObject): Promise<void> {
    const {
      sqlMode = this.before.sqlMode,
      collation = this.before.collation,
      timeZone = this.before.timeZone,
    } = withoutNulls(made);
    await setVariables(this.session, { sqlMode, collation, timeZone });
    const place = table === null ? '' : quoteMysqlName(this.tableOf(table));
    const statement = sql.replace(TABLE_MARK, () => place);
    await this.#withCollation(made.schemaCollation ?? this.defaults.collation, () =>
      this.session.run(statement),
    );
  }

  async close(): Promise<void> {
    await setVariables(this.session, this.before);
  }

  /** Of variables within a routine: it is the schema's at the moment that the routine is made, and nothing else sets it. */
  async #withCollation(collation: string, work: () => Promise<void>): Promise<void> {
    if (collation === this.defaults.collation) return work();
    const place = quoteMysqlName(this.schema);
    await this.session.run(`ALTER DATABASE ${place} COLLATE ${quoteMysqlName(collation)}`);
    try {
      await work();
    } finally {
      await setDefaults(this.session, this.schema, this.defaults);
    }
  }
}

interface Variables {
  sqlMode: string;
  collation: string;
  timeZone: string;
}

/** What an object does not say stays as the session has it. */
function withoutNulls(made: Omit<CodeObject, 'sql' | 'table'>): Partial<Variables> {
  const { sqlMode, collation, timeZone } = made;
  return {
    ...(sqlMode !== null && { sqlMode }),
    ...(collation !== null && { collation }),
    ...(timeZone !== null && { timeZone }),
  };
}

/** Names of modes, collations and zones hold nothing that a mode would have escaped in another way. */
async function setVariables(
  session: MysqlSession,
  { sqlMode, collation, timeZone }: Variables,
): Promise<void> {
  await session.run('SET SESSION sql_mode = ?, collation_connection = ?, time_zone = ?', [
    sqlMode,
    collation,
    timeZone,
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
    schemaCollation: shown!['Database Collation'] ?? null,
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
  schemaCollation: string;
}

async function readTriggers(session: MysqlSession, schema: string): Promise<CodeObject[]> {
  const rows = await session.rows<TriggerRow>(
    `SELECT trigger_name AS name, action_timing AS timing, event_manipulation AS event, event_object_table AS tableName,
            action_statement AS statement, definer AS definer, sql_mode AS sqlMode, collation_connection AS collation,
            database_collation AS schemaCollation
       FROM information_schema.triggers WHERE trigger_schema = ?
      ORDER BY event_object_table, action_timing, event_manipulation, action_order`,
    [schema],
  );
  return rows.map(({ name, timing, event, tableName, statement, definer, ...variables }) => ({
    kind: 'TRIGGER',
    name,
    table: tableName,
    sql:
      `CREATE DEFINER=${quoteDefiner(definer)} TRIGGER ${quoteMysqlName(name)} ${timing} ${event} ` +
      `ON ${TABLE_MARK} FOR EACH ROW ${statement}`,
    timeZone: null,
    ...variables,
  }));
}

/** `user@host`, either of which may hold an `@`; a host does not. */
function quoteDefiner(definer: string): string {
  const at = definer.lastIndexOf('@');
  return `${quoteMysqlName(definer.slice(0, at))}@${quoteMysqlName(definer.slice(at + 1))}`;
}
