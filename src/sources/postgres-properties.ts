/** What belongs to a PostgreSQL database itself and is in no dump: it is carried from the live one to the fresh one. */
import { type Client, escapeLiteral } from 'pg';
import { quoteName } from './postgres-client.js';

/** A row of `pg_database`, whatever the server's version has there. */
export interface DatabaseRow {
  oid: string;
  name: string;
  owner: string;
  encoding: string;
  /** Null for the one that databases are in unless told, which needs no privilege when it is not named. */
  tablespace: string | null;
  comment: string | null;
  /** All columns. */
  columns: {
    datallowconn: boolean;
    datistemplate: boolean;
    datconnlimit: number;
    datcollate: string;
    datctype: string;
    datlocprovider?: string;
    daticulocale?: string | null;
    datlocale?: string | null;
    daticurules?: string | null;
  };
}

/** Null when there is no such database. */
export async function readDatabase(client: Client, name: string): Promise<DatabaseRow | null> {
  const { rows } = await client.query<DatabaseRow>(
    `SELECT d.oid::text, d.datname AS name, pg_get_userbyid(d.datdba) AS owner,
            pg_encoding_to_char(d.encoding) AS encoding,
            (SELECT t.spcname FROM pg_tablespace t JOIN pg_database u ON u.datname = 'template0'
              WHERE t.oid = d.dattablespace AND t.oid <> u.dattablespace) AS tablespace,
            shobj_description(d.oid, 'pg_database') AS comment, to_jsonb(d) AS columns
       FROM pg_database d WHERE d.datname = $1`,
    [name],
  );
  return rows[0] ?? null;
}

/** The statement that makes `name` like `model`: owner, encoding, locale, tablespace. Without a model, as the server does. */
export function createLike(name: string, model: DatabaseRow | null): string {
  const begin = `CREATE DATABASE ${quoteName(name)} TEMPLATE template0`;
  if (model === null) return begin;
  const { datcollate, datctype, datlocprovider, daticurules } = model.columns;
  const locale = model.columns.datlocale ?? model.columns.daticulocale;
  const parts = [
    `OWNER ${quoteName(model.owner)}`,
    `ENCODING ${escapeLiteral(model.encoding)}`,
    `LC_COLLATE ${escapeLiteral(datcollate)}`,
    `LC_CTYPE ${escapeLiteral(datctype)}`,
  ];
  if (model.tablespace !== null) parts.push(`TABLESPACE ${quoteName(model.tablespace)}`);
  if (locale && datlocprovider === 'i') parts.push(`LOCALE_PROVIDER icu ICU_LOCALE ${escapeLiteral(locale)}`);
  if (locale && datlocprovider === 'b')
    parts.push(`LOCALE_PROVIDER builtin BUILTIN_LOCALE ${escapeLiteral(locale)}`);
  if (daticurules) parts.push(`ICU_RULES ${escapeLiteral(daticurules)}`);
  return [begin, ...parts].join(' ');
}

/** Gives `to` the settings, privileges, comment and connection limit of `from`. Within a transaction. */
export async function carryProperties(client: Client, from: DatabaseRow, to: string): Promise<void> {
  const database = `DATABASE ${quoteName(to)}`;
  const statements = [
    `ALTER ${database} CONNECTION LIMIT ${from.columns.datconnlimit}`,
    `COMMENT ON ${database} IS ${from.comment === null ? 'NULL' : escapeLiteral(from.comment)}`,
    ...(await readSettings(client, from, to)),
  ];
  for (const statement of statements) await client.query(statement);
  await carryPrivileges(client, from, to);
}

/** Gives `to` the privileges of `from`; those that no one ever changed stay the server's own. */
export async function carryPrivileges(client: Client, from: DatabaseRow, to: string): Promise<void> {
  for (const statement of await readPrivileges(client, from, `DATABASE ${quoteName(to)}`)) {
    await client.query(statement);
  }
}

async function readPrivileges(client: Client, from: DatabaseRow, database: string): Promise<string[]> {
  const { rows } = await client.query<{ grantee: string | null; privilege: string; grantable: boolean }>(
    `SELECT CASE WHEN a.grantee = 0 THEN NULL ELSE pg_get_userbyid(a.grantee) END AS grantee,
            a.privilege_type AS privilege, a.is_grantable AS grantable
       FROM pg_database d, aclexplode(d.datacl) a WHERE d.oid = $1`,
    [from.oid],
  );
  const { rows: all } = await client.query<{ custom: boolean }>(
    'SELECT datacl IS NOT NULL AS custom FROM pg_database WHERE oid = $1',
    [from.oid],
  );
  if (all[0]?.custom !== true) return [];
  const to = (name: string | null) => (name === null ? 'PUBLIC' : quoteName(name));
  return [
    `REVOKE ALL ON ${database} FROM PUBLIC`,
    `REVOKE ALL ON ${database} FROM ${quoteName(from.owner)}`,
    ...rows.map(
      ({ grantee, privilege, grantable }) =>
        `GRANT ${privilege} ON ${database} TO ${to(grantee)}${grantable ? ' WITH GRANT OPTION' : ''}`,
    ),
  ];
}

/** Settings that hold lists of names: stored as a list of quoted names, which a quoted string would turn into one name. */
const LISTS = [
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
];

async function readSettings(client: Client, from: DatabaseRow, to: string): Promise<string[]> {
  const { rows } = await client.query<{ role: string | null; config: string[] }>(
    `SELECT r.rolname AS role, s.setconfig AS config FROM pg_db_role_setting s
       LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE s.setdatabase = $1 AND (s.setrole = 0 OR r.oid IS NOT NULL)`,
    [from.oid],
  );
  return rows.flatMap(({ role, config }) => {
    const place = `DATABASE ${quoteName(to)}`;
    const alter = role === null ? `ALTER ${place}` : `ALTER ROLE ${quoteName(role)} IN ${place}`;
    return config.map((setting) => `${alter} SET ${formatSetting(setting)}`);
  });
}

/** `name=value` of the catalogue as SET takes it. */
export function formatSetting(setting: string): string {
  const at = setting.indexOf('=');
  const name = setting.slice(0, at);
  const value = setting.slice(at + 1);
  const quoted = name.split('.').map(quoteName).join('.');
  const values = LISTS.includes(name) ? splitNames(value) : [value];
  return `${quoted} TO ${values.map((each) => escapeLiteral(each)).join(', ') || "''"}`;
}

/** The names in `"$user", public`. */
function splitNames(list: string): string[] {
  return [...list.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '',
  );
}
