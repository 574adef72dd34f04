/** What belongs to a PostgreSQL database itself and is in no dump. */
import type { Client } from 'pg';
import { z } from 'zod';
import { ConflictError, IntegrityError } from '../shared/errors.js';
import type { Properties } from './dump-properties.js';

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

const PROPERTIES = z.object({
  kind: z.literal('postgresql'),
  owner: z.string(),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  /** Who compares text: c (the C library), i (ICU), b (the server itself); null where only the C library can. */
  provider: z.string().nullable(),
  locale: z.string().nullable(),
  icuRules: z.string().nullable(),
  comment: z.string().nullable(),
  connectionLimit: z.number().int(),
  isTemplate: z.boolean(),
  /** `name=value`, for everybody or one role. */
  settings: z.array(z.object({ role: z.string().nullable(), setting: z.string() })),
  /** Null: those that no one ever changed. A grantee that is null is everybody. */
  privileges: z
    .array(
      z.object({
        grantee: z.string().nullable(),
        privilege: z.enum(['CREATE', 'CONNECT', 'TEMPORARY']),
        grantable: z.boolean(),
      }),
    )
    .nullable(),
});

/** What is carried from one database to another, and recorded beside a dump. */
export type DatabaseProperties = z.infer<typeof PROPERTIES>;

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

/** Everything of `row` that a dump leaves out. */
export async function readProperties(client: Client, row: DatabaseRow): Promise<DatabaseProperties> {
  const { owner, encoding, comment, columns } = row;
  return {
    kind: 'postgresql',
    owner,
    encoding,
    collate: columns.datcollate,
    ctype: columns.datctype,
    provider: columns.datlocprovider ?? null,
    locale: columns.datlocale ?? columns.daticulocale ?? null,
    icuRules: columns.daticurules ?? null,
    comment,
    connectionLimit: columns.datconnlimit,
    isTemplate: columns.datistemplate,
    settings: await readSettings(client, row),
    privileges: await readPrivileges(client, row),
  };
}

/**
 * What a backup recorded.
 * @throws ConflictError when it is of another kind of server, IntegrityError when it cannot be understood
 */
export function parseProperties(recorded: Properties): DatabaseProperties {
  if (recorded.kind !== 'postgresql') {
    throw new ConflictError(
      "The backup's database is none of PostgreSQL, as DATABASE_URL says: restore it to a target path",
    );
  }
  const { data, error } = PROPERTIES.safeParse(recorded);
  if (data !== undefined) return data;
  throw new IntegrityError("The properties of the backup's database cannot be understood", { cause: error });
}

async function readSettings(client: Client, from: DatabaseRow): Promise<DatabaseProperties['settings']> {
  const { rows } = await client.query<{ role: string | null; setting: string }>(
    `SELECT r.rolname AS role, setting FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole,
            unnest(s.setconfig) WITH ORDINALITY AS c (setting, place)
      WHERE s.setdatabase = $1 AND (s.setrole = 0 OR r.oid IS NOT NULL) ORDER BY r.rolname NULLS FIRST, c.place`,
    [from.oid],
  );
  return rows;
}

async function readPrivileges(client: Client, from: DatabaseRow): Promise<DatabaseProperties['privileges']> {
  const { rows } = await client.query<{ privileges: DatabaseProperties['privileges'] }>(
    `SELECT CASE WHEN d.datacl IS NOT NULL THEN coalesce((
              SELECT json_agg(json_build_object(
                'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_get_userbyid(a.grantee) END,
                'privilege', a.privilege_type, 'grantable', a.is_grantable))
                FROM aclexplode(d.datacl) a), '[]') END AS privileges
       FROM pg_database d WHERE d.oid = $1`,
    [from.oid],
  );
  return rows[0]?.privileges ?? null;
}
