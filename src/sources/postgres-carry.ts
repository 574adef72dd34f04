/** Makes a PostgreSQL database like another one, or like a backup recorded it. */
import { type Client, escapeLiteral } from 'pg';
import { quoteName } from './postgres-client.js';
import type { DatabaseProperties } from './postgres-properties.js';
import { errnoOf } from './system-error.js';

/** What `createLike` follows. */
export type Model = Pick<
  DatabaseProperties,
  'owner' | 'encoding' | 'collate' | 'ctype' | 'provider' | 'locale' | 'icuRules'
> & { tablespace?: string | null };

/** The statement that makes an empty database like `model`; without one, as the server does. */
export function createLike(name: string, model: Model | null): string {
  const begin = `CREATE DATABASE ${quoteName(name)} TEMPLATE template0`;
  if (model === null) return begin;
  const { owner, encoding, collate, ctype, provider, locale, icuRules, tablespace = null } = model;
  const parts = [
    `OWNER ${quoteName(owner)}`,
    `ENCODING ${escapeLiteral(encoding)}`,
    `LC_COLLATE ${escapeLiteral(collate)}`,
    `LC_CTYPE ${escapeLiteral(ctype)}`,
  ];
  if (tablespace !== null) parts.push(`TABLESPACE ${quoteName(tablespace)}`);
  if (provider === 'c') parts.push('LOCALE_PROVIDER libc');
  if (locale && provider === 'i') parts.push(`LOCALE_PROVIDER icu ICU_LOCALE ${escapeLiteral(locale)}`);
  if (locale && provider === 'b')
    parts.push(`LOCALE_PROVIDER builtin BUILTIN_LOCALE ${escapeLiteral(locale)}`);
  if (icuRules) parts.push(`ICU_RULES ${escapeLiteral(icuRules)}`);
  return [begin, ...parts].join(' ');
}

/**
 * Makes an empty database as a backup recorded it, as far as this server and user can.
 * @returns what is otherwise, one sentence each
 */
export async function createRecorded(
  client: Client,
  name: string,
  properties: DatabaseProperties,
): Promise<string[]> {
  if (await attempt(client, createLike(name, properties))) return [];
  const { owner, encoding, collate } = properties;
  const { rows } = await client.query<{ user: string }>('SELECT current_user AS user');
  const { user } = rows[0]!;
  const isOwned = `The database belongs to "${user}": it belonged to "${owner}", which is not on this server or may not be used`;
  if (await attempt(client, createLike(name, { ...properties, owner: user }))) return [isOwned];
  await client.query(createLike(name, null));
  const isLike = `The database has the server's own encoding and collation: it had ${encoding} and ${collate}, which this server does not have`;
  return user === owner ? [isLike] : [isOwned, isLike];
}

/**
 * Gives `to` the comment, settings and privileges of `properties`.
 * @returns what could not be given it, one sentence each: it is for an administrator to do
 */
export async function carryProperties(
  client: Client,
  properties: DatabaseProperties,
  to: string,
): Promise<string[]> {
  const { comment, settings } = properties;
  const place = `DATABASE ${quoteName(to)}`;
  await client.query(`COMMENT ON ${place} IS ${comment === null ? 'NULL' : escapeLiteral(comment)}`);
  const notices: string[] = [];
  for (const { role, setting } of settings) {
    const alter = role === null ? `ALTER ${place}` : `ALTER ROLE ${quoteName(role)} IN ${place}`;
    const name = setting.slice(0, setting.indexOf('='));
    const what = `Setting "${name}" of the database${role === null ? '' : ` for role "${role}"`}`;
    const isDone = await attempt(client, `${alter} SET ${formatSetting(setting)}`);
    if (!isDone) notices.push(`${what} could not be restored by this user: set it again`);
  }
  return [...notices, ...(await carryPrivileges(client, properties, to))];
}

/**
 * Gives `to` the privileges of `properties`; those that no one ever changed stay the server's own.
 * @returns as `carryProperties`
 */
export async function carryPrivileges(
  client: Client,
  { owner, privileges }: Pick<DatabaseProperties, 'owner' | 'privileges'>,
  to: string,
): Promise<string[]> {
  if (privileges === null) return [];
  const place = `DATABASE ${quoteName(to)}`;
  await client.query(`REVOKE ALL ON ${place} FROM PUBLIC`);
  await attempt(client, `REVOKE ALL ON ${place} FROM ${quoteName(owner)}`); // not there: it holds none
  const notices: string[] = [];
  for (const { grantee, privilege, grantable } of privileges) {
    const role = grantee === null ? 'PUBLIC' : quoteName(grantee);
    const grant = `GRANT ${privilege} ON ${place} TO ${role}${grantable ? ' WITH GRANT OPTION' : ''}`;
    if (await attempt(client, grant)) continue;
    notices.push(
      `Privilege ${privilege} of role "${grantee ?? 'PUBLIC'}" could not be restored: grant it again`,
    );
  }
  return notices;
}

/** No privilege; no such role, setting or encoding; a value, locale or clause that this server does not take. */
const LEFT_OUT = ['42501', '42704', '22023', '55P02', '0LP01', '42809', '42P17', '42601', '0A000'];

/** False when the user may not, or the server has not what it takes. */
async function attempt(client: Client, statement: string): Promise<boolean> {
  try {
    await client.query(statement);
    return true;
  } catch (error) {
    if (!LEFT_OUT.includes(errnoOf(error))) throw error;
    return false;
  }
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
