/**
 * Proves, before a swap takes anything from the till, that what it is going to drop can be made again: privileges that
 * no list shows, definers that are gone, modes that the server no longer has.
 */
import { SourceError } from '../shared/errors.js';
import { type MysqlSession, quoteMysqlName, toMysqlError } from './mysql-client.js';
import { type CodeObject, createCode } from './mysql-code.js';
import { createSchema, findDefaults, quotePlace } from './mysql-schema.js';
import { triggeredTables } from './mysql-swap-journal.js';
import type { PlaceNames } from './place-names.js';

/**
 * Makes `code` of the live schema, and the events of the backup, in a schema that is dropped again.
 * @param options.createEvents makes the backup's events in the schema of this name, without letting them run
 * @throws SourceError naming what cannot be made
 */
export async function proveCode(
  session: MysqlSession,
  { live, fresh, scratch }: PlaceNames,
  options: { code: readonly CodeObject[]; createEvents: (schema: string) => Promise<void> },
): Promise<void> {
  const drop = `DROP DATABASE IF EXISTS ${quoteMysqlName(scratch)}`;
  const defaults = (await findDefaults(session, live)) ?? (await findDefaults(session, fresh));
  await session.run(drop);
  await session.run(createSchema(scratch, defaults));
  const tables = new Set<string>();
  for (const table of triggeredTables(options.code)) {
    const copy = `CREATE TABLE ${quotePlace(scratch, table)} LIKE ${quotePlace(live, table)}`;
    // A table that cannot be opened has no triggers that could be lost.
    await session.run(copy).then(
      () => tables.add(table),
      () => {},
    );
  }
  for (const object of options.code) {
    if (object.table === null || tables.has(object.table)) await proveOne(session, scratch, object);
  }
  // Those of the live schema may have the names of those of the backup.
  await session.run(drop);
  await session.run(createSchema(scratch, defaults));
  await options.createEvents(scratch);
  await session.run(drop);
}

async function proveOne(session: MysqlSession, schema: string, object: CodeObject): Promise<void> {
  const sql = object.kind === 'EVENT' ? disableEvents(object.sql) : object.sql;
  try {
    await createCode(session, schema, { objects: [{ ...object, sql }] });
  } catch (error) {
    const what = `The live database's ${object.kind.toLowerCase()} "${object.name}" could not be made again, should the restore have to be undone`;
    throw new SourceError(`${what}: ${toMysqlError(error, 'the server refuses it').message}`, {
      cause: error,
    });
  }
}

/** Statements that make events, so that these do not run. `text` is as SHOW CREATE EVENT and the dump write it. */
export function disableEvents(text: string): string {
  return text.replace(
    /^(.*?EVENT .*? ON COMPLETION (?:NOT )?PRESERVE) ENABLE(?= |$)/gms,
    (_whole, begin: string) => `${begin} DISABLE`,
  );
}
