/**
 * Exchanges the content of two MySQL schemas, and takes it back. There is no RENAME DATABASE, so tables are moved by
 * RENAME TABLE, which is atomic for all of them, and everything else is dropped and made again (mysql-code.ts), or
 * hidden: renamed within its schema.
 *
 *     1  make the old schema, and in it the journal
 *     2  prove in a schema of its own that everything which is going to be dropped can be made again (mysql-proof.ts)
 *     3  drop the fresh schema's triggers and views
 *     4  wait until no transaction holds a live table (mysql-locks.ts); nothing has been taken from the till yet
 *     5  journal what the live schema holds, drop its events
 *     6  hide the live tables that have triggers, so that nothing is written without them
 *     7  drop the live schema's triggers and routines
 *     8  one RENAME TABLE: live tables → old, live views hidden, fresh tables → live (those with triggers hidden)
 *     9  sweep: what the till made meanwhile, and so is neither new nor hidden, follows the old tables
 *    10  make the new routines and triggers, show the hidden tables, make the new views and events
 *    11  say in the journal that it is done
 *
 * When the till overtakes steps 5 to 10, by a transaction that holds a table or by a table of its own, they are gone
 * back and tried again. Going back looks where the tables are; it can itself be interrupted and run again. A table is
 * visible only while its triggers are there, in both directions. What the till made after the sweep stays.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { isLockTimeout, type MysqlSession, quoteMysqlName } from './mysql-client.js';
import { createCode, dropCode, readCode } from './mysql-code.js';
import { waitForTables } from './mysql-locks.js';
import { proveCode } from './mysql-proof.js';
import {
  createSchema,
  findDefaults,
  listTables,
  listViews,
  type Move,
  readDefaults,
  rename,
  schemaExists,
  setDefaults,
} from './mysql-schema.js';
import { SwapJournal, type SwapState, triggeredTables } from './mysql-swap-journal.js';
import type { PlaceNames } from './place-names.js';
import { errnoOf } from './system-error.js';

/** How a swap and its undo deal with the till, and with the events of the backup. */
export interface MysqlSwapOptions {
  /** How often a swap is tried that the till overtakes or holds up. */
  attempts: number;
  /** Runs the events' statements in the schema of this name. In `proof`, none of them may begin to run. */
  createEvents: (schema: string, options: { isProof: boolean }) => Promise<void>;
  signal?: AbortSignal;
}

const ROUTINES = ['FUNCTION', 'PROCEDURE', 'PACKAGE', 'PACKAGE BODY'] as const;
/** Everything but views, which are hidden. */
const DROPPED = [...ROUTINES, 'TRIGGER', 'EVENT'] as const;
/** Between two attempts, so that the till gets on. */
const PAUSE_MS = 500;
/** Attempts that the till was quicker than. */
const MAX_OVERTAKEN = 3;
/** The till was quicker: it made or dropped what was about to be moved. */
const OVERTAKEN = [
  'ER_TRG_IN_WRONG_SCHEMA',
  'ER_TABLE_EXISTS_ERROR',
  'ER_NO_SUCH_TABLE',
  'ER_TRG_ALREADY_EXISTS',
  'ER_SP_ALREADY_EXISTS',
];

export class MysqlSwap {
  readonly #session: MysqlSession;
  readonly #names: PlaceNames;
  readonly #options: MysqlSwapOptions;
  readonly #journal: SwapJournal;

  constructor(session: MysqlSession, names: PlaceNames, options: MysqlSwapOptions) {
    this.#session = session;
    this.#names = names;
    this.#options = options;
    this.#journal = new SwapJournal(session, names);
  }

  async swap(): Promise<void> {
    const state = await this.#begin();
    await proveCode(this.#session, this.#names, {
      code: state.oldCode,
      createEvents: (schema) => this.#options.createEvents(schema, { isProof: true }),
    });
    await dropCode(
      this.#session,
      this.#names.fresh,
      state.newCode.filter(({ kind }) => kind === 'TRIGGER' || kind === 'VIEW'),
    );
    let isTaken = false;
    await this.#repeat(
      async () => {
        await waitForTables(this.#session, this.#names.live);
        isTaken = true;
        await this.#take(state);
        await this.#put(state);
      },
      async () => {
        if (isTaken) await this.#goBack(state);
        isTaken = false;
      },
    );
    await this.#journal.markSwapped();
  }

  async undo(): Promise<void> {
    const { live, old } = this.#names;
    if (!(await schemaExists(this.#session, old))) return;
    const state = await this.#journal.read();
    if (state !== null) await this.#repeat(() => this.#goBack(state));
    const left = (await listTables(this.#session, old)).filter((table) => table !== this.#journal.tableName);
    if (left.length > 0) throw new Error(`Schema "${old}" still holds ${left.length} tables after an undo`);
    const hadLive = state === null || state.hadLive;
    if (!hadLive && (await this.#isEmpty(live)))
      await this.#session.run(`DROP DATABASE ${quoteMysqlName(live)}`);
    await this.#session.run(`DROP DATABASE ${quoteMysqlName(old)}`);
  }

  /** Drops the old views, which stayed hidden in the live schema. For a swap that stands. */
  async settle(): Promise<void> {
    const { live, old } = this.#names;
    if (!(await schemaExists(this.#session, old))) return;
    const state = await this.#journal.read();
    for (const name of this.#journal.shownNames('v', state?.hiddenViews ?? []).keys())
      await dropCode(this.#session, live, [{ kind: 'VIEW', name }]);
  }

  /** Step 1. */
  async #begin(): Promise<SwapState> {
    const { live, fresh, old } = this.#names;
    const found = await findDefaults(this.#session, live);
    const defaults = found ?? (await readDefaults(this.#session, fresh));
    const state: SwapState = {
      hadLive: found !== null,
      defaults,
      newTables: await listTables(this.#session, fresh),
      hiddenTables: [],
      hiddenViews: [],
      oldCode: found === null ? [] : await readCode(this.#session, live, DROPPED),
      newCode: await readCode(this.#session, fresh),
    };
    await this.#session.run(createSchema(old, defaults));
    await this.#journal.create({ ...state, oldCode: [] });
    if (found === null) await this.#session.run(createSchema(live, defaults));
    return state;
  }

  /** Steps 5 to 9. */
  async #take(state: SwapState): Promise<void> {
    const { live, fresh, old } = this.#names;
    state.oldCode = await readCode(this.#session, live, DROPPED);
    state.hiddenTables = triggeredTables(state.oldCode);
    state.hiddenViews = await listViews(this.#session, live);
    await this.#journal.save(state);
    const events = state.oldCode.filter(({ kind }) => kind === 'EVENT');
    await dropCode(this.#session, live, events);
    const hide = this.#journal.hiddenNames('o', state.hiddenTables);
    await rename(
      this.#session,
      state.hiddenTables.map((table): Move => [live, table, live, hide(table)]),
    );
    await dropCode(this.#session, live, state.oldCode);
    const shown = this.#journal.shownNames('o', state.hiddenTables);
    const hideView = this.#journal.hiddenNames('v', state.hiddenViews);
    const hideNew = this.#journal.hiddenNames('n', triggeredTables(state.newCode));
    await rename(this.#session, [
      ...state.hiddenViews.map((view): Move => [live, view, live, hideView(view)]),
      ...(await listTables(this.#session, live)).map(
        (table): Move => [live, table, old, shown.get(table) ?? table],
      ),
      ...state.newTables.map((table): Move => [fresh, table, live, hideNew(table)]),
    ]);
    await this.#sweep(state);
  }

  /** Step 9. Once: what comes later was made by a till that saw the new database. */
  async #sweep(state: SwapState): Promise<void> {
    const { live, old } = this.#names;
    const { tables, views } = await this.#strangers(state);
    const code = await readCode(this.#session, live, DROPPED);
    if (tables.length + views.length + code.length === 0) return;
    state.oldCode.push(...code);
    state.hiddenTables.push(...triggeredTables(code));
    state.hiddenViews.push(...views);
    await this.#journal.save(state);
    await dropCode(this.#session, live, code);
    const hideView = this.#journal.hiddenNames('v', state.hiddenViews);
    await rename(this.#session, [
      ...views.map((view): Move => [live, view, live, hideView(view)]),
      ...tables.map((table): Move => [live, table, old, table]),
    ]);
  }

  /** What is in the live schema, and neither of the new tables nor hidden. */
  async #strangers(state: SwapState): Promise<{ tables: string[]; views: string[] }> {
    const { live } = this.#names;
    const inLive = await listTables(this.#session, live);
    const hiddenNew = this.#journal.shownNames('n', triggeredTables(state.newCode));
    const stillHidden = new Set(
      [...hiddenNew].filter(([hidden]) => inLive.includes(hidden)).map(([, table]) => table),
    );
    const own = new Set([
      ...state.newTables.filter((table) => !stillHidden.has(table)),
      ...hiddenNew.keys(),
      ...this.#journal.shownNames('o', state.hiddenTables).keys(),
      ...this.#journal.shownNames('v', state.hiddenViews).keys(),
    ]);
    const isStrange = (name: string) => !own.has(name);
    return {
      tables: inLive.filter(isStrange),
      views: (await listViews(this.#session, live)).filter(isStrange),
    };
  }

  /** Step 10. */
  async #put({ newCode }: SwapState): Promise<void> {
    const { live } = this.#names;
    const triggered = triggeredTables(newCode);
    const tableOf = this.#journal.hiddenNames('n', triggered);
    await createCode(this.#session, live, { objects: newCode, kinds: ROUTINES });
    await createCode(this.#session, live, { objects: newCode, kinds: ['TRIGGER'], tableOf });
    await this.#show('n', triggered);
    await createCode(this.#session, live, { objects: newCode, kinds: ['VIEW'] });
    await this.#options.createEvents(live, { isProof: false });
  }

  /** From any point of the steps 5 to 11 to the end of step 4. */
  async #goBack(state: SwapState): Promise<void> {
    const { live, old } = this.#names;
    const defaults = state.defaults ?? (await readDefaults(this.#session, old));
    if (!(await schemaExists(this.#session, live))) await this.#session.run(createSchema(live, defaults));
    if (await this.#isExchanged(state)) await this.#takeBack(state);
    const present = new Set(await listTables(this.#session, live));
    const tableOf = this.#journal.hiddenNames('o', state.hiddenTables);
    const hidden = state.hiddenTables.filter((table) => present.has(tableOf(table)));
    const objects = state.oldCode.filter(({ table }) => table === null || hidden.includes(table));
    await createCode(this.#session, live, { objects, kinds: ROUTINES });
    await createCode(this.#session, live, { objects, kinds: ['TRIGGER'], tableOf });
    await this.#show('o', state.hiddenTables);
    await createCode(this.#session, live, { objects, kinds: ['VIEW', 'EVENT'] });
    const found = await readDefaults(this.#session, live);
    if (found.collation !== defaults.collation) await setDefaults(this.#session, live, defaults);
  }

  /** New tables → fresh, old ones → live, old views shown, in one step. What the till made since the sweep stays. */
  async #takeBack(state: SwapState): Promise<void> {
    const { live, fresh, old } = this.#names;
    const strangers = await this.#strangers(state);
    const inLive = await listTables(this.#session, live);
    const leaving = inLive.filter((table) => !strangers.tables.includes(table));
    const oldTables = (await listTables(this.#session, old)).filter(
      (table) => table !== this.#journal.tableName,
    );
    const views = await this.#hiddenViews(state);
    // A name can only be taken once: what the till put in the place of something old goes with what is undone.
    const taken = new Set([...oldTables, ...state.hiddenTables, ...views.map(([, name]) => name)]);
    const inTheWay = strangers.tables.filter((table) => taken.has(table));
    await this.#dropTriggers([...leaving, ...inTheWay]);
    const events = await readCode(this.#session, live, ['EVENT']);
    const viewsInTheWay = strangers.views.filter((name) => taken.has(name));
    await dropCode(this.#session, live, [
      ...events,
      ...state.newCode,
      ...viewsInTheWay.map((name) => ({ kind: 'VIEW' as const, name })),
    ]);
    const tableOf = this.#journal.hiddenNames('o', state.hiddenTables);
    const shown = this.#journal.shownNames('n', triggeredTables(state.newCode));
    await rename(this.#session, [
      ...leaving.map((table): Move => [live, table, fresh, shown.get(table) ?? table]),
      ...(await this.#putAside(inTheWay)),
      ...oldTables.map((table): Move => [old, table, live, tableOf(table)]),
      ...views.map(([hidden, name]): Move => [live, hidden, live, name]),
    ]);
  }

  async #dropTriggers(tables: readonly string[]): Promise<void> {
    const { live } = this.#names;
    const triggers = await readCode(this.#session, live, ['TRIGGER']);
    await dropCode(
      this.#session,
      live,
      triggers.filter(({ table }) => table !== null && tables.includes(table)),
    );
  }

  /** Moves of live tables into the fresh schema, under names of their own. */
  async #putAside(tables: readonly string[]): Promise<Move[]> {
    if (tables.length === 0) return [];
    const { live, fresh, id } = this.#names;
    const prefix = `tillvault_${id}_x`;
    const before = (await listTables(this.#session, fresh)).filter((table) => table.startsWith(prefix));
    return tables.map((table, at): Move => [live, table, fresh, `${prefix}${before.length + at}`]);
  }

  /** Old views that are hidden at present: hidden name, name. */
  async #hiddenViews({ hiddenViews }: SwapState): Promise<[string, string][]> {
    const present = new Set(await listViews(this.#session, this.#names.live));
    return [...this.#journal.shownNames('v', hiddenViews)].filter(([hidden]) => present.has(hidden));
  }

  /** Whether step 8 was done: the rename is atomic, so one table tells. */
  async #isExchanged(state: SwapState): Promise<boolean> {
    const { fresh, old } = this.#names;
    const inOld = await listTables(this.#session, old);
    if (inOld.some((table) => table !== this.#journal.tableName)) return true;
    if ((await this.#hiddenViews(state)).length > 0) return true;
    const { newTables } = state;
    return newTables.length > 0 && !(await listTables(this.#session, fresh)).includes(newTables[0]!);
  }

  /** Gives hidden tables their names. */
  async #show(side: 'o' | 'n', tables: readonly string[]): Promise<void> {
    const { live } = this.#names;
    const present = new Set(await listTables(this.#session, live));
    const hidden = [...this.#journal.shownNames(side, tables)].filter(([name]) => present.has(name));
    // A till that makes the tables which it misses made these: those that are shown have the rows.
    const inTheWay =
      side === 'o' ? hidden.map(([, table]) => table).filter((table) => present.has(table)) : [];
    if (inTheWay.length > 0) await this.#dropTriggers(inTheWay);
    await rename(this.#session, [
      ...(await this.#putAside(inTheWay)),
      ...hidden.map(([name, table]): Move => [live, name, live, table]),
    ]);
  }

  /** Works as long as the till is in the way and attempts are left. `goBack` runs after each that failed so. */
  async #repeat(work: () => Promise<void>, goBack: () => Promise<void> = async () => {}): Promise<void> {
    const { attempts, signal } = this.#options;
    let overtaken = 0;
    for (let left = attempts; ; left -= 1) {
      try {
        await work();
        return;
      } catch (error) {
        if (OVERTAKEN.includes(errnoOf(error))) overtaken += 1;
        else if (!isLockTimeout(error)) throw error;
        if (left <= 1 || overtaken >= MAX_OVERTAKEN) throw error;
        await goBack();
        await wait(PAUSE_MS, undefined, signal ? { signal } : {});
      }
    }
  }

  async #isEmpty(schema: string): Promise<boolean> {
    return (
      (await schemaExists(this.#session, schema)) && (await listTables(this.#session, schema)).length === 0
    );
  }
}
