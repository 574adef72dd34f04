/** What a MySQL schema is made of, as far as a swap moves it: its defaults, tables and views. */
import { type MysqlSession, quoteMysqlName } from './mysql-client.js';

/** Default character set and collation of a schema. */
export interface SchemaDefaults {
  charset: string;
  collation: string;
}

/** Null when there is no such schema. */
export async function findDefaults(session: MysqlSession, schema: string): Promise<SchemaDefaults | null> {
  const [defaults] = await session.rows<SchemaDefaults>(
    `SELECT default_character_set_name AS charset, default_collation_name AS collation
       FROM information_schema.schemata WHERE schema_name = ?`,
    [schema],
  );
  return defaults ?? null;
}

/** @throws Error when there is no such schema */
export async function readDefaults(session: MysqlSession, schema: string): Promise<SchemaDefaults> {
  const defaults = await findDefaults(session, schema);
  if (defaults === null) throw new Error(`There is no schema "${schema}"`);
  return defaults;
}

/** The statement that makes `name`; with null, as the server does by itself. */
export function createSchema(name: string, defaults: SchemaDefaults | null): string {
  return `CREATE DATABASE ${quoteMysqlName(name)}${defaults === null ? '' : formatDefaults(defaults)}`;
}

/** Gives `schema` these defaults. Its tables stay as they are. */
export async function setDefaults(
  session: MysqlSession,
  schema: string,
  defaults: SchemaDefaults,
): Promise<void> {
  await session.run(`ALTER DATABASE ${quoteMysqlName(schema)}${formatDefaults(defaults)}`);
}

/** The statement that gives these defaults to whatever schema it is run in. */
export function alterDefaults(defaults: SchemaDefaults): string {
  return `ALTER DATABASE${formatDefaults(defaults)}`;
}

function formatDefaults({ charset, collation }: SchemaDefaults): string {
  return ` CHARACTER SET ${quoteMysqlName(charset)} COLLATE ${quoteMysqlName(collation)}`;
}

/** Whether there is such a schema. */
export async function schemaExists(session: MysqlSession, schema: string): Promise<boolean> {
  return (await findDefaults(session, schema)) !== null;
}

/** Names of everything in `schema` that holds rows, in order: tables, sequences, versioned tables. */
export async function listTables(session: MysqlSession, schema: string): Promise<string[]> {
  return list(session, schema, "NOT IN ('VIEW', 'SYSTEM VIEW')");
}

/** Names of the views in `schema`, in order. */
export async function listViews(session: MysqlSession, schema: string): Promise<string[]> {
  return list(session, schema, "= 'VIEW'");
}

async function list(session: MysqlSession, schema: string, types: string): Promise<string[]> {
  const rows = await session.rows<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
      WHERE table_schema = ? AND table_type ${types} ORDER BY table_name`,
    [schema],
  );
  return rows.map(({ name }) => name);
}

/** Schema and table, then where it goes. Views stay within their schema. */
export type Move = readonly [schema: string, table: string, toSchema: string, to: string];

/** Moves all of them or none, also when the server is killed. */
export async function rename(session: MysqlSession, moves: readonly Move[]): Promise<void> {
  if (moves.length === 0) return;
  const parts = moves.map(
    ([schema, table, toSchema, to]) => `${quotePlace(schema, table)} TO ${quotePlace(toSchema, to)}`,
  );
  await session.run(`RENAME TABLE ${parts.join(', ')}`);
}

/** `name` in `schema` as SQL takes it. */
export function quotePlace(schema: string, name: string): string {
  return `${quoteMysqlName(schema)}.${quoteMysqlName(name)}`;
}
