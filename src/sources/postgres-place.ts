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

import type { Client } from 'pg';
import type { SwapPlan } from '../engine/index.js';
import type { TableRows } from '../shared/backup-check.js';
import { ConflictError, throwIfCancelled } from '../shared/errors.js';
import { explainProgram } from './explain-program.js';
import { PlaceNames } from './place-names.js';
import { assertIndexesValid, countRows, countTables } from './postgres-checks.js';
import { inTransaction, lockSwap, quoteName, withMaintenance, withPostgres } from './postgres-client.js';
import { allowConnections, checkRestorable, emptyDatabase } from './postgres-holders.js';
import { identify, isSame } from './postgres-identity.js';
import { readServerVersion, startPgDump, startPgRestore } from './postgres-programs.js';
import {
  carryPrivileges,
  carryProperties,
  createLike,
  type DatabaseRow,
  readDatabase,
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

  /** @param folders where the configuration says that programs are */
  constructor(address: ServerAddress, restoreId: string, folders: readonly string[]) {
    this.#address = address;
    this.#folders = folders;
    this.#names = new PlaceNames(address.database, restoreId, 63);
    this.#marker = `Being restored by Tillvault as ${this.#names.fresh}`;
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
      await client.query(createLike(fresh, model));
      // Nobody may look at the data while it is staged who may not look at the live one.
      if (model !== null)
        await carryPrivileges(client, model, fresh).catch((error) => undoCreate(client, fresh, error));
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
    return new ProgramLoader(program, explainProgram('pg_restore', what));
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

  async identify(): Promise<SwapPlan> {
    return withMaintenance(this.#address, async (client) =>
      identify(client, await readDatabase(client, this.#names.live)),
    );
  }

  async swap({ signal }: { signal?: AbortSignal }): Promise<void> {
    const { live, fresh, old } = this.#names;
    await this.#alone(async (client) => {
      const replaced = await readDatabase(client, live);
      if (replaced !== null) await emptyDatabase(client, live, signal);
      throwIfCancelled(signal);
      await inTransaction(client, async () => {
        if (replaced !== null) {
          await carryProperties(client, replaced, fresh);
          await client.query(rename(live, old));
        }
        await client.query(rename(fresh, live));
        if (replaced === null) await client.query(comment(live, `'${this.#marker.replaceAll("'", "''")}'`));
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
      if (found.old !== null) await client.query(drop(old));
      if (found.live?.comment === this.#marker) await client.query(comment(live, 'NULL'));
    });
  }

  async discard(): Promise<void> {
    await this.#alone(async (client) => {
      await client.query(drop(this.#names.fresh));
    });
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
    if (old !== null || (live !== null && live.comment === this.#marker)) return 'swapped';
    if (fresh === null) return 'nothing';
    return live !== null && !live.columns.datallowconn ? 'interrupted' : 'staged';
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
const drop = (name: string) => `DROP DATABASE IF EXISTS ${quoteName(name)} WITH (FORCE)`;
const comment = (name: string, literal: string) => `COMMENT ON DATABASE ${quoteName(name)} IS ${literal}`;

/** Nobody knows yet that there is something to discard. */
async function undoCreate(client: Client, name: string, error: unknown): Promise<never> {
  await client.query(drop(name)).catch(() => {}); // it bears the restore's id, and the error is what matters
  throw error;
}
