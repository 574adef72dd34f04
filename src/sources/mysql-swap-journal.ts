import type { MysqlSession } from './mysql-client.js';
import type { CodeObject } from './mysql-code.js';
import { listTables, quotePlace, type SchemaDefaults } from './mysql-schema.js';
import type { PlaceNames } from './place-names.js';

/** What a swap needs to be undone. Where the tables are at present tells how far it came. */
export interface SwapState {
  hadLive: boolean;
  /** Of the live schema. Null in what an older version wrote. */
  defaults: SchemaDefaults | null;
  newTables: string[];
  /** Old tables that have triggers. The place in the list is in the name that a table has while it is hidden. */
  hiddenTables: string[];
  /** Old views, which are hidden in the same way, and stay so until the restore is settled. */
  hiddenViews: string[];
  /** What else the live schema held. */
  oldCode: CodeObject[];
  newCode: CodeObject[];
}

/** What a version wrote that dropped views and hid no more than the tables of `oldCode`. */
type StoredState = Omit<SwapState, 'defaults' | 'hiddenTables' | 'hiddenViews'> & Partial<SwapState>;

/** Keeps the state of a swap in a table of the old schema, so that the next process finds it where the tables are. */
export class SwapJournal {
  /** Of that table. */
  readonly tableName: string;
  readonly #place: string;

  constructor(
    private readonly session: MysqlSession,
    private readonly names: PlaceNames,
  ) {
    this.tableName = `tillvault_swap_${names.id}`;
    this.#place = quotePlace(names.old, this.tableName);
  }

  /** The old schema is there. */
  async create(state: SwapState): Promise<void> {
    await this.session.run(
      `CREATE TABLE ${this.#place} (state VARCHAR(10) NOT NULL, journal LONGTEXT CHARACTER SET utf8mb4 NOT NULL) ENGINE = InnoDB`,
    );
    await this.session.run(`INSERT INTO ${this.#place} (state, journal) VALUES ('begun', ?)`, [
      JSON.stringify(state),
    ]);
  }

  async save(state: SwapState): Promise<void> {
    await this.session.run(`UPDATE ${this.#place} SET journal = ?`, [JSON.stringify(state)]);
  }

  async markSwapped(): Promise<void> {
    await this.session.run(`UPDATE ${this.#place} SET state = 'swapped'`);
  }

  /** Null when nothing was begun. */
  async read(): Promise<SwapState | null> {
    if (!(await listTables(this.session, this.names.old)).includes(this.tableName)) return null;
    const [row] = await this.session.rows<{ journal: string }>(`SELECT journal FROM ${this.#place}`);
    if (row === undefined) return null;
    const stored = JSON.parse(row.journal) as StoredState;
    const { hiddenTables = triggeredTables(stored.oldCode), hiddenViews = [], defaults = null } = stored;
    return { ...stored, hiddenTables, hiddenViews, defaults };
  }

  /** What an old (`o`) or new (`n`) table, or an old view (`v`), is called while it is hidden. */
  hiddenName(side: 'o' | 'n' | 'v', at: number): string {
    return `tillvault_${this.names.id}_${side}${at}`;
  }

  /** Hidden name → name. */
  shownNames(side: 'o' | 'n' | 'v', names: readonly string[]): Map<string, string> {
    return new Map(names.map((name, at) => [this.hiddenName(side, at), name]));
  }

  /** Name → its name while it is hidden; others keep theirs. */
  hiddenNames(side: 'o' | 'n' | 'v', names: readonly string[]): (name: string) => string {
    const hidden = new Map(names.map((name, at) => [name, this.hiddenName(side, at)]));
    return (name) => hidden.get(name) ?? name;
  }
}

/** The tables that have triggers, each once. */
export function triggeredTables(code: readonly CodeObject[]): string[] {
  return [...new Set(code.flatMap(({ table }) => (table === null ? [] : [table])))].sort();
}
