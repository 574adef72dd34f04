/** What of a database the user in DATABASE_URL may dump but not make again, told when a backup is made and when a restore fails of it. */
import type { Client } from 'pg';
import { SourceError } from '../shared/errors.js';
import { explainProgram } from './explain-program.js';
import { isSuperuser, TO_GIVE_AWAY } from './postgres-holders.js';
import type { ProgramEnd } from './running-program.js';

/** How many names a sentence holds. */
const NAMES = 5;

/** Objects of the till's own, with their owners: `pg_shdepend` says nothing of those of the first superuser. */
const OWNED = `
  SELECT c.relowner AS owner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
     AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
  UNION SELECT p.proowner FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
     AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
  UNION SELECT t.typowner FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
   WHERE t.typtype IN ('e', 'd', 'r') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
     AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid AND e.deptype = 'e')
  UNION SELECT n.nspowner FROM pg_namespace n
   WHERE n.nspname NOT IN ('information_schema', 'public') AND n.nspname NOT LIKE 'pg\\_%'
     AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_namespace'::regclass AND e.objid = n.oid AND e.deptype = 'e')
  UNION SELECT lomowner FROM pg_largeobject_metadata`;

/**
 * One sentence for each kind of thing that this user cannot restore of the database; none for a superuser. What the user
 * made itself it may make again, also where a provider lets users do what only superusers may elsewhere.
 */
export async function describeLacks(client: Client): Promise<string[]> {
  if (await isSuperuser(client)) return [];
  const { rows } = await client.query<
    Record<'owners' | 'extensions' | 'triggers', string[]> & { user: string }
  >(
    `SELECT current_user AS user,
            ARRAY(SELECT pg_get_userbyid(owner)::text FROM (${OWNED}) o WHERE NOT pg_has_role(owner, ${TO_GIVE_AWAY}) ORDER BY 1) AS owners,
            ARRAY(SELECT e.extname::text FROM pg_extension e
                    JOIN pg_available_extension_versions v ON v.name = e.extname AND v.version = e.extversion
                   WHERE v.superuser AND NOT v.trusted AND e.extname <> 'plpgsql'
                     AND NOT pg_has_role(e.extowner, 'USAGE') ORDER BY 1) AS extensions,
            ARRAY(SELECT t.evtname::text FROM pg_event_trigger t
                   WHERE NOT pg_has_role(t.evtowner, 'USAGE')
                     AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_event_trigger'::regclass
                                       AND e.objid = t.oid AND e.deptype = 'e') ORDER BY 1) AS triggers`,
  );
  const { user, owners, extensions, triggers } = rows[0]!;
  const cannot = `User "${user}" cannot restore this backup`;
  const advice = 'a superuser in DATABASE_URL can';
  return [
    ...say(
      owners,
      (names) =>
        `${cannot}: it holds what belongs to ${names}, roles that this user is no member of; ${advice}`,
    ),
    ...say(extensions, (names) => `${cannot}: only a superuser may make the extensions ${names}; ${advice}`),
    ...say(
      triggers,
      (names) => `${cannot}: only a superuser may make the event triggers ${names}; ${advice}`,
    ),
  ];
}

/**
 * Functions that are called while rows are loaded and name tables without their schema: `pg_dump` empties the search
 * path, so that a restore cannot call them. One sentence for all.
 */
export async function describeFragile(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT DISTINCT p.oid::regprocedure::text AS name FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
      WHERE d.refclassid = 'pg_proc'::regclass AND p.oid >= 16384 AND p.prosqlbody IS NULL
        AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search\\_path=%')
        AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
        AND (EXISTS (SELECT FROM pg_index i WHERE d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid)
          OR EXISTS (SELECT FROM pg_constraint k WHERE d.classid = 'pg_constraint'::regclass AND k.oid = d.objid AND k.contype = 'c')
          OR EXISTS (SELECT FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
                      WHERE d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid AND a.attgenerated <> '')
          OR EXISTS (SELECT FROM pg_rewrite r JOIN pg_class m ON m.oid = r.ev_class
                      WHERE d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND m.relkind = 'm'))
        AND EXISTS (SELECT FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
                     WHERE t.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
                       AND position(lower(t.relname) IN lower(p.prosrc)) > 0
                       AND position(lower(n.nspname || '.' || t.relname) IN lower(p.prosrc)) = 0)
      ORDER BY 1`,
  );
  const functions = rows.map(({ name }) => name);
  return say(
    functions,
    (names) =>
      `A restore may fail of the functions ${names}: indexes, constraints or views that are computed at once call them, and they name tables without a schema; ALTER FUNCTION … SET search_path makes them safe`,
  );
}

/** What it means that `pg_restore` failed: what the user may not make is told from everything else. */
export function explainLoad(what: string): (end: ProgramEnd) => Error {
  const explain = explainProgram('pg_restore', what);
  return (end) => {
    const [, denied] =
      /ERROR: +((?:must be (?:member|owner|superuser)|must be able to SET ROLE|permission denied)[^\n]*)/.exec(
        end.message,
      ) ?? [];
    if (denied === undefined) return explain(end);
    return new SourceError(
      `${what}: the backup holds what the user in DATABASE_URL may not make again (${denied}): restore it with a superuser, or with a user that is a member of the roles that own it`,
    );
  };
}

function say(names: readonly string[], sentence: (names: string) => string): string[] {
  if (names.length === 0) return [];
  const rest = names.length > NAMES ? ` and ${names.length - NAMES} more` : '';
  return [
    sentence(
      names
        .slice(0, NAMES)
        .map((name) => `"${name}"`)
        .join(', ') + rest,
    ),
  ];
}
