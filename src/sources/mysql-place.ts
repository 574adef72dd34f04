/**
 * Restores a MySQL or MariaDB database: loaded into a fresh schema, whose tables then take the place of the live ones
 * (mysql-swap.ts).
 *
 * What the till notices: its connections stay. The swap waits until no transaction is under way, for a second at a time
 * in which the till's statements wait too; while it goes on, for about a second, tables with triggers, views and
 * routines may be reported missing. Then its next statement meets the restored data. Privileges are granted by name and stay as they are, but for those on single routines, which MySQL forgets when
 * a routine is replaced.
 */
import type { TableRows } from '../shared/backup-check.js';
import { ConflictError, IntegrityError, throwIfCancelled } from '../shared/errors.js';
import { EventsLoader } from './events-loader.js';
import { explainProgram } from './explain-program.js';
import {
  isLockTimeout,
  type MysqlSession,
  quoteMysqlName,
  readMysqlVersion,
  withMysql,
} from './mysql-client.js';
import { MysqlDumpFilter } from './mysql-dump-filter.js';
import { checkMysqlRestorable } from './mysql-holders.js';
import { describeHolders, dropSchema, LOCK_WAIT_SECONDS } from './mysql-locks.js';
import { type MysqlProgram, startMysqlDump, startMysqlLoad } from './mysql-programs.js';
import { disableEvents } from './mysql-proof.js';
import { createSchema, findDefaults, schemaExists } from './mysql-schema.js';
import { EVENTS_SUFFIX, TABLES_SUFFIX } from './mysql-source.js';
import { MysqlSwap } from './mysql-swap.js';
import { PlaceNames } from './place-names.js';
import { ProgramLoader } from './program-loader.js';
import type { ServerAddress } from './server-address.js';
import type { DumpLoader, ServerPlace } from './server-place.js';
import { findProgram, PROGRAM_NAMES } from './server-programs.js';

/** How often the swap waits for transactions of the till: about 15 seconds in all. */
const LOCK_ATTEMPTS = 10;
/** Characters of a schema's name. */
const MAX_NAME = 64;

export interface MysqlPlaceOptions {
  /** Where the configuration says that programs are. */
  programFolders: readonly string[];
  tempDir: string;
  /** How often the swap waits for transactions of the till, about 1.5 seconds each; 10 times unless told. */
  lockAttempts?: number;
}

export class MysqlPlace implements ServerPlace {
  readonly #address: ServerAddress;
  readonly #names: PlaceNames;
  readonly #options: MysqlPlaceOptions;
  #events: Buffer | null = null;

  constructor(address: ServerAddress, restoreId: string, options: MysqlPlaceOptions) {
    this.#address = address;
    this.#names = new PlaceNames(address.database, restoreId, MAX_NAME);
    this.#options = options;
  }

  async plan({ overwrite }: { overwrite: boolean }): Promise<boolean> {
    const { live } = this.#names;
    return this.#within(async (session) => {
      const server = await readMysqlVersion(session);
      for (const names of Object.values(PROGRAM_NAMES.mysql)) {
        await findProgram({ names, server }, this.#options.programFolders);
      }
      await checkMysqlRestorable(session, server, this.#names);
      const tables = overwrite ? 0 : await countTables(session, live);
      if (tables === 0) return schemaExists(session, live);
      throw new ConflictError(
        `Database "${live}" already holds ${tables} tables: restore with overwrite: true to replace it`,
      );
    });
  }

  async create(): Promise<void> {
    const { live, fresh, old } = this.#names;
    await this.#alone(async (session) => {
      for (const name of [fresh, old]) {
        if (!(await schemaExists(session, name))) continue;
        throw new ConflictError(`Database "${name}" of this restore is there already, expected none`);
      }
      await session.run(createSchema(fresh, await findDefaults(session, live)));
    });
  }

  async load(name: string, { signal }: { signal?: AbortSignal }): Promise<DumpLoader> {
    if (name.endsWith(EVENTS_SUFFIX)) {
      return new EventsLoader((events) => {
        this.#events = events;
      });
    }
    if (!name.endsWith(TABLES_SUFFIX)) {
      throw new ConflictError(
        `The backup's database is "${name}", which is no dump of MySQL or MariaDB: restore it to a target path`,
      );
    }
    return this.#startLoad(this.#names.fresh, signal);
  }

  async check({
    signal,
    onBytes,
  }: {
    signal?: AbortSignal;
    onBytes?: (bytes: number) => void;
  }): Promise<void> {
    const { live, fresh } = this.#names;
    await this.#within((session) => checkTables(session, fresh, live), signal);
    const program = startMysqlDump(await this.#program('dump', fresh, signal), { what: 'tables' });
    try {
      for await (const bytes of program.output) onBytes?.((bytes as Buffer).length);
      const what = `The restored database "${live}" cannot be read back`;
      await program.succeed(explainProgram(program.name, what));
    } finally {
      await program.stop();
    }
  }

  async countRows({ signal }: { signal?: AbortSignal }): Promise<TableRows[]> {
    const { fresh } = this.#names;
    return this.#within(async (session) => {
      const counted: TableRows[] = [];
      const tables = await session.rows<{ name: string }>(
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ? AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY 1",
        [fresh],
      );
      for (const { name } of tables) {
        throwIfCancelled(signal);
        const place = `${quoteMysqlName(fresh)}.${quoteMysqlName(name)}`;
        const [count] = await session.rows<{ found: string }>(`SELECT count(*) AS found FROM ${place}`);
        counted.push({ name, rows: Number(count?.found) });
      }
      return counted;
    }, signal);
  }

  async swap({ signal }: { signal?: AbortSignal }): Promise<void> {
    await this.#exchange((swap) => swap.swap(), 'restore again', signal);
  }

  async undo(): Promise<void> {
    await this.#exchange((swap) => swap.undo(), 'the old database is brought back then');
  }

  async settle(): Promise<void> {
    const { old, fresh, scratch } = this.#names;
    await this.#alone(async (session) => {
      await session.run(`SET SESSION lock_wait_timeout = ${LOCK_WAIT_SECONDS}`);
      await this.#swapOf(session).settle();
      for (const name of [scratch, fresh, old]) await dropSchema(session, name);
    });
  }

  async discard(): Promise<void> {
    const { fresh, scratch } = this.#names;
    await this.#alone(async (session) => {
      for (const name of [scratch, fresh]) await dropSchema(session, name);
    });
  }

  /** @param advice what comes of it when clients let go of the live tables */
  async #exchange(
    work: (swap: MysqlSwap) => Promise<void>,
    advice: string,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#alone(async (session) => {
      await session.run(`SET SESSION lock_wait_timeout = ${LOCK_WAIT_SECONDS}, foreign_key_checks = 0`);
      try {
        await work(this.#swapOf(session, signal));
      } catch (error) {
        if (!isLockTimeout(error)) throw error;
        const { live } = this.#names;
        throw new ConflictError(
          `Tables of database "${live}" are held by transactions of ${await describeHolders(session, live)}: close them, ${advice}`,
          { cause: error },
        );
      }
    }, signal);
  }

  #swapOf(session: MysqlSession, signal?: AbortSignal): MysqlSwap {
    return new MysqlSwap(session, this.#names, {
      attempts: this.#options.lockAttempts ?? LOCK_ATTEMPTS,
      createEvents: (schema, { isProof }) =>
        this.#createEvents(schema, { isProof, ...(signal && { signal }) }),
      ...(signal && { signal }),
    });
  }

  async #createEvents(
    schema: string,
    { isProof, signal }: { isProof: boolean; signal?: AbortSignal },
  ): Promise<void> {
    if (this.#events === null) return;
    const loader = await this.#startLoad(schema, signal);
    const text = this.#events.toString('latin1'); // byte for byte, whatever its characters are
    await loader.write(isProof ? Buffer.from(disableEvents(text), 'latin1') : this.#events);
    await loader.end();
  }

  async #startLoad(database: string, signal?: AbortSignal): Promise<DumpLoader> {
    const program = startMysqlLoad(await this.#program('load', database, signal));
    const what = `Database "${this.#names.live}" cannot be restored`;
    return new MysqlDumpFilter(new ProgramLoader(program, explainProgram(program.name, what)), database);
  }

  async #program(purpose: 'dump' | 'load', database: string, signal?: AbortSignal): Promise<MysqlProgram> {
    const { programFolders, tempDir } = this.#options;
    const server = await this.#within(readMysqlVersion);
    const path = await findProgram({ names: PROGRAM_NAMES.mysql[purpose], server }, programFolders);
    const address = this.#address;
    return { path, flavour: server.flavour, address, database, tempDir, ...(signal && { signal }) };
  }

  /** What a dead process told the server to do may still be under way there: waits until it is not. */
  async #alone(work: (session: MysqlSession) => Promise<void>, signal?: AbortSignal): Promise<void> {
    await this.#within(async (session) => {
      await lockSwap(session, this.#names.id);
      await work(session);
    }, signal);
  }

  async #within<T>(work: (session: MysqlSession) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return withMysql(this.#address, null, work, signal);
  }
}

/** Kept until the session ends. @throws ConflictError after half a minute */
async function lockSwap(session: MysqlSession, id: string): Promise<void> {
  const [row] = await session.rows<{ got: number | string | null }>('SELECT GET_LOCK(?, 30) AS got', [
    `tillvault_${id}`,
  ]);
  if (Number(row?.got) === 1) return;
  throw new ConflictError('An earlier step of the restore is still under way on the server, try again');
}

async function countTables(session: MysqlSession, schema: string): Promise<number> {
  const [row] = await session.rows<{ tables: number | string }>(
    'SELECT COUNT(*) AS tables FROM information_schema.tables WHERE table_schema = ?',
    [schema],
  );
  return Number(row?.tables ?? 0);
}

interface CheckRow {
  Table: string;
  Msg_type: string;
  Msg_text: string;
}

/** The server's own CHECK TABLE, which reads every index. */
async function checkTables(session: MysqlSession, schema: string, shownAs: string): Promise<void> {
  const tables = await session.rows<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
      WHERE table_schema = ? AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')`,
    [schema],
  );
  for (const { name } of tables) {
    const rows = await session.rows<CheckRow>(
      `CHECK TABLE ${quoteMysqlName(schema)}.${quoteMysqlName(name)}`,
    );
    const wrong = rows.find(({ Msg_type }) => ['error', 'Error', 'warning', 'Warning'].includes(Msg_type));
    if (wrong === undefined) continue;
    throw new IntegrityError(
      `Table "${name}" of the restored database "${shownAs}" is damaged: ${wrong.Msg_text}`,
    );
  }
}
