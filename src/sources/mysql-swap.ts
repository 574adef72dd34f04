/**
 * Exchanges the content of two MySQL schemas, and takes it back. There is no RENAME DATABASE, so tables are moved by
 * RENAME TABLE, which is atomic for all of them, and everything else is dropped and made again (mysql-code.ts).
 *
 *     1  make the old schema, and in it the journal: what each side holds, and the definitions of its code
 *     2  drop the live schema's events
 *     3  hide the live tables that have triggers: renamed within their schema, so that nothing is written without them
 *     4  drop the live schema's triggers, views and routines
 *     5  one RENAME TABLE: live tables → old, fresh tables → live (those with triggers hidden)
 *     6  make the new routines and triggers, show the hidden tables, make the new views and events
 *     7  say in the journal that it is done
 *
 * Undoing reads the journal, looks where the tables are, and goes back from there; it can itself be interrupted and run
 * again. A table is visible only while its triggers are there, in both directions.
 */

import { type MysqlSession, quoteMysqlName } from './mysql-client.js';
import { type CodeObject, createCode, dropCode, readCode } from './mysql-code.js';
import type { PlaceNames } from './place-names.js';

/** What a swap needs to be undone. */
interface Journal {
  hadLive: boolean;
  oldTables: string[];
  newTables: string[];
  oldCode: CodeObject[];
  newCode: CodeObject[];
}

interface JournalRow {
  state: string;
  journal: string;
}

const MOVED_LAST = ['VIEW', 'EVENT'] as const;
const ALL_BUT_TRIGGERS = ['EVENT', 'VIEW', 'PACKAGE BODY', 'PACKAGE', 'PROCEDURE', 'FUNCTION'] as const;
const ROUTINES = ['FUNCTION', 'PROCEDURE', 'PACKAGE', 'PACKAGE BODY'] as const;

export class MysqlSwap {
  readonly #session: MysqlSession;
  readonly #names: PlaceNames;

  constructor(session: MysqlSession, names: PlaceNames) {
    this.#session = session;
    this.#names = names;
  }

  /** @param createEvents runs the new events' statements in the live schema */
  async swap(createEvents: () => Promise<void>): Promise<void> {
    const { live, fresh } = this.#names;
    const journal = await this.#begin();
    await this.#drop(live, ['EVENT']);
    await this.#rename(
      triggered(journal.oldCode).map((table, at) => [live, table, live, this.#hidden('o', at)]),
    );
    await this.#drop(live, ['TRIGGER', ...ALL_BUT_TRIGGERS]);
    await this.#drop(fresh, ['TRIGGER', 'VIEW']);
    await this.#exchange(journal);
    await this.#create({ objects: journal.newCode, kinds: ROUTINES });
    await this.#create({
      objects: journal.newCode,
      kinds: ['TRIGGER'],
      tableOf: this.#hiddenNames('n', journal.newCode),
    });
    await this.#show('n', journal.newCode);
    await this.#create({ objects: journal.newCode, kinds: ['VIEW'] });
    await createEvents();
    await this.#session.run(`UPDATE ${this.#journal()} SET state = 'swapped'`);
  }

  async undo(): Promise<void> {
    const { live, old } = this.#names;
    if (!(await this.#exists(old))) return;
    const row = await this.#readJournal();
    if (row !== null) await this.#goBack(JSON.parse(row.journal) as Journal);
    const left = (await this.#tables(old)).filter((table) => table !== this.#journalName());
    if (left.length > 0) throw new Error(`Schema "${old}" still holds ${left.length} tables after an undo`);
    const hadLive = row === null || (JSON.parse(row.journal) as Journal).hadLive;
    if (!hadLive && (await this.#exists(live)) && (await this.#tables(live)).length === 0) {
      await this.#session.run(`DROP DATABASE ${quoteMysqlName(live)}`);
    }
    await this.#session.run(`DROP DATABASE ${quoteMysqlName(old)}`);
  }

  /** Step 1. */
  async #begin(): Promise<Journal> {
    const { live, fresh, old } = this.#names;
    const hadLive = await this.#exists(live);
    const journal: Journal = {
      hadLive,
      oldTables: hadLive ? await this.#tables(live) : [],
      newTables: await this.#tables(fresh),
      oldCode: hadLive ? await readCode(this.#session, live) : [],
      newCode: await readCode(this.#session, fresh),
    };
    await this.#session.run(createSchema(old, await readDefaults(this.#session, hadLive ? live : fresh)));
    await this.#session.run(
      `CREATE TABLE ${this.#journal()} (state VARCHAR(10) NOT NULL, journal LONGTEXT CHARACTER SET utf8mb4 NOT NULL) ENGINE = InnoDB`,
    );
    await this.#session.run(`INSERT INTO ${this.#journal()} (state, journal) VALUES ('begun', ?)`, [
      JSON.stringify(journal),
    ]);
    if (!hadLive) await this.#session.run(createSchema(live, await readDefaults(this.#session, fresh)));
    return journal;
  }

  /** Step 5. */
  async #exchange({ oldTables, newTables, oldCode, newCode }: Journal): Promise<void> {
    const { live, fresh, old } = this.#names;
    const isHidden = this.#hiddenNames('o', oldCode);
    const toHide = this.#hiddenNames('n', newCode);
    await this.#rename([
      ...oldTables.map((table): Move => [live, isHidden(table), old, table]),
      ...newTables.map((table): Move => [fresh, table, live, toHide(table)]),
    ]);
  }

  async #goBack(journal: Journal): Promise<void> {
    const { live, fresh, old } = this.#names;
    if (!(await this.#exists(live)))
      await this.#session.run(createSchema(live, await readDefaults(this.#session, old)));
    if (await this.#isExchanged(journal)) {
      await this.#drop(live, ['TRIGGER', ...ALL_BUT_TRIGGERS]);
      const isHidden = this.#hiddenNames('o', journal.oldCode);
      const shown = this.#hiddenTables('n', journal.newCode);
      await this.#rename([
        ...(await this.#tables(live)).map((table): Move => [live, table, fresh, shown.get(table) ?? table]),
        ...journal.oldTables.map((table): Move => [old, table, live, isHidden(table)]),
      ]);
    }
    const present = new Set(await this.#tables(live));
    const isHidden = this.#hiddenNames('o', journal.oldCode);
    const hidden = triggered(journal.oldCode).filter((table) => present.has(isHidden(table)));
    const objects = journal.oldCode.filter(({ table }) => table === null || hidden.includes(table));
    await this.#create({ objects, kinds: ROUTINES });
    await this.#create({ objects, kinds: ['TRIGGER'], tableOf: isHidden });
    await this.#show('o', journal.oldCode);
    await this.#create({ objects, kinds: MOVED_LAST });
  }

  /** Whether step 5 was done: the rename is atomic, so one table tells. */
  async #isExchanged({ oldTables, newTables }: Journal): Promise<boolean> {
    const { fresh, old } = this.#names;
    if (oldTables.length > 0) return (await this.#tables(old)).includes(oldTables[0]!);
    return newTables.length > 0 && !(await this.#tables(fresh)).includes(newTables[0]!);
  }

  /** Gives the hidden tables of `objects` their names. */
  async #show(side: 'o' | 'n', objects: readonly CodeObject[]): Promise<void> {
    const { live } = this.#names;
    const present = new Set(await this.#tables(live));
    const hidden = [...this.#hiddenTables(side, objects)].filter(([name]) => present.has(name));
    await this.#rename(hidden.map(([name, table]) => [live, name, live, table]));
  }

  async #rename(moves: readonly Move[]): Promise<void> {
    if (moves.length === 0) return;
    const place = (schema: string, table: string) => `${quoteMysqlName(schema)}.${quoteMysqlName(table)}`;
    const parts = moves.map(
      ([schema, table, toSchema, to]) => `${place(schema, table)} TO ${place(toSchema, to)}`,
    );
    await this.#session.run(`RENAME TABLE ${parts.join(', ')}`);
  }

  async #drop(schema: string, kinds: readonly CodeObject['kind'][]): Promise<void> {
    await dropCode(this.#session, schema, kinds);
  }

  async #create(options: Parameters<typeof createCode>[2]): Promise<void> {
    await createCode(this.#session, this.#names.live, options);
  }

  async #tables(schema: string): Promise<string[]> {
    const rows = await this.#session.rows<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables
        WHERE table_schema = ? AND table_type NOT IN ('VIEW', 'SYSTEM VIEW') ORDER BY table_name`,
      [schema],
    );
    return rows.map(({ name }) => name);
  }

  async #exists(schema: string): Promise<boolean> {
    return schemaExists(this.#session, schema);
  }

  async #readJournal(): Promise<JournalRow | null> {
    if (!(await this.#tables(this.#names.old)).includes(this.#journalName())) return null;
    const [row] = await this.#session.rows<JournalRow>(`SELECT state, journal FROM ${this.#journal()}`);
    return row ?? null;
  }

  #journalName(): string {
    return `tillvault_swap_${this.#names.id}`;
  }

  #journal(): string {
    return `${quoteMysqlName(this.#names.old)}.${quoteMysqlName(this.#journalName())}`;
  }

  #hidden(side: 'o' | 'n', at: number): string {
    return `tillvault_${this.#names.id}_${side}${at}`;
  }

  /** Hidden name → table. */
  #hiddenTables(side: 'o' | 'n', code: readonly CodeObject[]): Map<string, string> {
    return new Map(triggered(code).map((table, at) => [this.#hidden(side, at), table]));
  }

  /** Table → its name while it is hidden; tables without triggers keep theirs. */
  #hiddenNames(side: 'o' | 'n', code: readonly CodeObject[]): (table: string) => string {
    const names = new Map(triggered(code).map((table, at) => [table, this.#hidden(side, at)]));
    return (table) => names.get(table) ?? table;
  }
}

/** Schema and table, then where it goes. */
type Move = readonly [schema: string, table: string, toSchema: string, to: string];

/** Default character set and collation of a schema. */
export interface SchemaDefaults {
  charset: string;
  collation: string;
}

/** @throws what the server says when there is no such schema */
export async function readDefaults(session: MysqlSession, schema: string): Promise<SchemaDefaults> {
  const [defaults] = await session.rows<SchemaDefaults>(
    `SELECT default_character_set_name AS charset, default_collation_name AS collation
       FROM information_schema.schemata WHERE schema_name = ?`,
    [schema],
  );
  if (defaults === undefined) throw new Error(`There is no schema "${schema}"`);
  return defaults;
}

/** The statement that makes `name`. */
export function createSchema(name: string, { charset, collation }: SchemaDefaults): string {
  return `CREATE DATABASE ${quoteMysqlName(name)} CHARACTER SET ${charset} COLLATE ${collation}`;
}

/** Whether there is such a schema. */
export async function schemaExists(session: MysqlSession, schema: string): Promise<boolean> {
  const rows = await session.rows(
    'SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name = ?',
    [schema],
  );
  return rows.length > 0;
}

/** The tables that have triggers, each once. */
function triggered(code: readonly CodeObject[]): string[] {
  return [...new Set(code.flatMap(({ table }) => (table === null ? [] : [table])))].sort();
}
