/**
 * Restores a PostgreSQL database: loaded into a fresh database, which takes the live one's name in one transaction.
 *
 *     swap    the live database takes no new connections; its sessions are ended
 *             one transaction: owner's settings to the fresh one, live → old, fresh → live
 *     undo    the same the other way round
 *
 * What the till notices: at the swap its connections are ended (the transaction under way is rolled back), and for a
 * moment new ones are refused with SQLSTATE 55000; a client that reconnects finds the restored database.
 */

import { type Client, escapeLiteral } from 'pg';
import type { SwapPlan } from '../engine/index.js';
import type { TableRows } from '../shared/backup-check.js';
import { ConflictError, throwIfCancelled } from '../shared/errors.js';
import type { Properties } from './dump-properties.js';
import { explainProgram } from './explain-program.js';
import { PlaceNames } from './place-names.js';
import { carryPrivileges, carryProperties, createLike, createRecorded } from './postgres-carry.js';
import { assertIndexesValid, countRows, countTables } from './postgres-checks.js';
import { inTransaction, lockSwap, quoteName, withMaintenance, withPostgres } from './postgres-client.js';
import { allowConnections, checkRestorable, emptyDatabase, isSuperuser } from './postgres-holders.js';
import { identify, isSame } from './postgres-identity.js';
import { explainLoad } from './postgres-lacks.js';
import { readServerVersion, startPgDump, startPgRestore } from './postgres-programs.js';
import {
  type DatabaseProperties,
  type DatabaseRow,
  parseProperties,
  readDatabase,
  readProperties,
} from './postgres-properties.js';
import { ProgramLoader } from './program-loader.js';
import type { ServerAddress } from './server-address.js';
import type { DumpLoader, ServerPlace } from './server-place.js';
import { findProgram, PROGRAM_NAMES } from './server-programs.js';

interface Found {
  live: DatabaseRow | null;
  fresh: DatabaseRow | null;
  old: DatabaseRow | null;
}

export class PostgresPlace implements ServerPlace {
  readonly #address: ServerAddress;
  readonly #folders: readonly string[];
  readonly #names: PlaceNames;
  /** Says of a live database that had nothing to replace that its restore is not settled. */
  readonly #marker: string;
  readonly #notices: string[] = [];
  /** What the restored database is to have beside its dump; null: what the server gives it. */
  #properties: DatabaseProperties | null = null;

  /** @param folders where the configuration says that programs are */
  constructor(address: ServerAddress, restoreId: string, folders: readonly string[]) {
    this.#address = address;
    this.#folders = folders;
    this.#names = new PlaceNames(address.database, restoreId, 63);
    this.#marker = `Being restored by Tillvault as ${this.#names.fresh}`;
  }

  get notices(): readonly string[] {
    return this.#notices;
  }

  async plan({ overwrite }: { overwrite: boolean }): Promise<boolean> {
    const isThere = await withMaintenance(this.#address, async (client) => {
      const version = await readServerVersion(client);
      for (const names of Object.values(PROGRAM_NAMES.postgresql)) {
        await findProgram({ names, server: version }, this.#folders);
      }
      await checkRestorable(client, this.#names.live);
      return (await readDatabase(client, this.#names.live)) !== null;
    });
    if (isThere && !overwrite) await this.#assertEmpty();
    return isThere;
  }

  async create(): Promise<void> {
    const { live, fresh, old } = this.#names;
    await this.#alone(async (client) => {
      for (const name of [fresh, old]) {
        if ((await readDatabase(client, name)) === null) continue;
        throw new ConflictError(`Database "${name}" of this restore is there already, expected none`);
      }
      const model = await readDatabase(client, live);
      const properties = model === null ? null : await readProperties(client, model);
      const { tablespace = null } = model ?? {};
      await client.query(createLike(fresh, properties && { ...properties, tablespace }));
      await this.#keepOut(client, properties).catch((error) => undoCreate(client, fresh, error));
    });
  }

  async adopt(recorded: Properties): Promise<void> {
    const properties = parseProperties(recorded);
    const { live, fresh } = this.#names;
    await this.#alone(async (client) => {
      if ((await readDatabase(client, live)) !== null) return; // what it has now is what the till has
      this.#properties = properties;
      await dropDatabase(client, fresh);
      this.#notices.push(...(await createRecorded(client, fresh, properties)));
      await this.#keepOut(client, properties);
    });
  }

  async load(name: string, { signal }: { signal?: AbortSignal }): Promise<DumpLoader> {
    if (!name.endsWith('.dump')) {
      throw new ConflictError(
        `The backup's database is "${name}", which is no dump of PostgreSQL: restore it to a target path`,
      );
    }
    const path = await this.#find('load');
    const database = this.#names.fresh;
    const program = startPgRestore(path, this.#address, { database, ...(signal && { signal }) });
    const what = `Database "${this.#names.live}" cannot be restored`;
    return new ProgramLoader(program, explainLoad(what));
  }

  async countRows({ signal }: { signal?: AbortSignal }): Promise<TableRows[]> {
    return withPostgres(this.#address, this.#names.fresh, (client) => countRows(client, signal));
  }

  async check({
    signal,
    onBytes,
  }: {
    signal?: AbortSignal;
    onBytes?: (bytes: number) => void;
  }): Promise<void> {
    const { fresh, live } = this.#names;
    await withPostgres(this.#address, fresh, (client) => assertIndexesValid(client, live));
    const path = await this.#find('dump');
    const program = startPgDump(path, this.#address, { database: fresh, ...(signal && { signal }) });
    try {
      for await (const bytes of program.output) onBytes?.((bytes as Buffer).length);
      await program.succeed(explainProgram('pg_dump', `The restored database "${live}" cannot be read back`));
    } finally {
      await program.stop();
    }
  }

  async prepare(): Promise<SwapPlan> {
    const { live, fresh } = this.#names;
    return withMaintenance(this.#address, async (client) => {
      const model = await readDatabase(client, live);
      if (model !== null) this.#properties = await readProperties(client, model);
      if (this.#properties !== null)
        this.#notices.push(...(await carryProperties(client, this.#properties, fresh)));
      return identify(client, model);
    });
  }

  async swap({ signal }: { signal?: AbortSignal }): Promise<void> {
    const { live, fresh, old } = this.#names;
    await this.#alone(async (client) => {
      const replaced = await readDatabase(client, live);
      await emptyDatabase(client, fresh, signal);
      if (replaced !== null) await emptyDatabase(client, live, signal);
      throwIfCancelled(signal);
      await inTransaction(client, async () => {
        if (replaced !== null) await client.query(rename(live, old));
        await client.query(rename(fresh, live));
        await client.query(open(live, this.#properties));
        if (replaced === null) await client.query(comment(live, this.#mark(this.#properties?.comment)));
      });
    });
  }

  async undo(identity: SwapPlan | null = null): Promise<void> {
    const { live, fresh, old } = this.#names;
    await this.#alone(async (client) => {
      const found = await this.#readAll(client);
      if (identity !== null) await this.#assertKnown(client, found, identity);
      const state = this.#stateOf(found);
      if (state === 'interrupted') await client.query(allowConnections(live, true));
      if (state !== 'swapped') return;
      if (found.live !== null) await emptyDatabase(client, live);
      await inTransaction(client, async () => {
        if (found.live !== null) await client.query(rename(live, fresh));
        if (found.old === null) return;
        await client.query(rename(old, live));
        await client.query(allowConnections(live, true));
      });
    });
  }

  async settle(): Promise<void> {
    const { live, old } = this.#names;
    await this.#alone(async (client) => {
      const found = await this.#readAll(client);
      await dropDatabase(client, old);
      if (this.#isMarked(found.live))
        await client.query(comment(live, this.#unmark(found.live?.comment ?? '')));
    });
  }

  async discard(): Promise<void> {
    await this.#alone(async (client) => {
      await dropDatabase(client, this.#names.fresh);
    });
  }

  /**
   * Nobody may look at the data while it is staged who may not look at the live one, and nobody at all but superusers
   * where the limit of connections does not count for ourselves.
   */
  async #keepOut(client: Client, properties: DatabaseProperties | null): Promise<void> {
    const { fresh } = this.#names;
    if (properties !== null) await carryPrivileges(client, properties, fresh);
    if (await isSuperuser(client))
      await client.query(`ALTER DATABASE ${quoteName(fresh)} CONNECTION LIMIT 0`);
  }

  /** What a dead process told the server to do may still be under way there: waits until it is not. */
  async #alone(work: (client: Client) => Promise<void>): Promise<void> {
    await withMaintenance(this.#address, async (client) => {
      await lockSwap(client, this.#names.old);
      await work(client);
    });
  }

  async #readAll(client: Client): Promise<Found> {
    const { live, fresh, old } = this.#names;
    return {
      live: await readDatabase(client, live),
      fresh: await readDatabase(client, fresh),
      old: await readDatabase(client, old),
    };
  }

  /** The names of the others bear the restore's id. Without either of them, only the live one itself is proof. */
  async #assertKnown(client: Client, found: Found, identity: SwapPlan): Promise<void> {
    if (found.old !== null || found.fresh !== null || (await isSame(client, found.live, identity))) return;
    const { live, old } = this.#names;
    throw new ConflictError(
      `Neither database "${old}" nor the database "${live}" of before the restore is on ${this.#address.host}: check that DATABASE_URL leads to the server that was restored to, and that nobody renamed or dropped them`,
    );
  }

  #stateOf({ live, fresh, old }: Found): 'nothing' | 'staged' | 'interrupted' | 'swapped' {
    if (old !== null || this.#isMarked(live)) return 'swapped';
    if (fresh === null) return 'nothing';
    return live !== null && !live.columns.datallowconn ? 'interrupted' : 'staged';
  }

  #mark(before: string | null = null): string {
    return before === null ? this.#marker : `${this.#marker}\n${before}`;
  }

  #isMarked(live: DatabaseRow | null): boolean {
    const said = live?.comment ?? '';
    return said === this.#marker || said.startsWith(`${this.#marker}\n`);
  }

  #unmark(said: string): string | null {
    return said === this.#marker ? null : said.slice(this.#marker.length + 1);
  }

  async #assertEmpty(): Promise<void> {
    const { live } = this.#names;
    const tables = await withPostgres(this.#address, live, countTables);
    if (tables === 0) return;
    throw new ConflictError(
      `Database "${live}" already holds ${tables} tables: restore with overwrite: true to replace it`,
    );
  }

  async #find(purpose: 'dump' | 'load'): Promise<string> {
    const server = await withMaintenance(this.#address, readServerVersion);
    return findProgram({ names: PROGRAM_NAMES.postgresql[purpose], server }, this.#folders);
  }
}

const rename = (from: string, to: string) => `ALTER DATABASE ${quoteName(from)} RENAME TO ${quoteName(to)}`;
const comment = (name: string, text: string | null) =>
  `COMMENT ON DATABASE ${quoteName(name)} IS ${text === null ? 'NULL' : escapeLiteral(text)}`;
const open = (name: string, properties: DatabaseProperties | null) =>
  `${allowConnections(name, true)} CONNECTION LIMIT ${properties?.connectionLimit ?? -1} IS_TEMPLATE ${properties?.isTemplate ?? false}`;

/** Also a template, which cannot be dropped as such, and one that has clients. */
async function dropDatabase(client: Client, name: string): Promise<void> {
  const found = await readDatabase(client, name);
  if (found === null) return;
  if (found.columns.datistemplate) await client.query(`ALTER DATABASE ${quoteName(name)} IS_TEMPLATE false`);
  await client.query(`DROP DATABASE IF EXISTS ${quoteName(name)} WITH (FORCE)`);
}

/** Nobody knows yet that there is something to discard. */
async function undoCreate(client: Client, name: string, error: unknown): Promise<never> {
  await dropDatabase(client, name).catch(() => {}); // it bears the restore's id, and the error is what matters
  throw error;
}
