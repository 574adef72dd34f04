import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PrismaLibSql } from '@prisma/adapter-libsql';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import * as engine from '@prisma/schema-engine-wasm/schema_engine_bg';

/** Prisma's schema engine, open: applies migrations and compares schemas. */
export interface SchemaEngine {
  commands: engine.SchemaEngine;
  /** Frees the engine's memory and closes its connections to the database. */
  close(): Promise<void>;
}

/** A Prisma schema file as the engine takes it. */
export interface SchemaFile {
  path: string;
  content: string;
}

/** What the engine's WebAssembly module exports, as far as it is called here. */
interface WasmExports {
  __wbindgen_start(): void;
}

/** The part of the wasm-bindgen glue that the package's type declarations leave out. */
interface Glue {
  __wbg_set_wasm(exports: WasmExports): void;
}

/** The one call that is needed here; TypeScript declares WebAssembly only together with a browser's whole DOM. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: WasmExports } }>;
};

let loading: Promise<void> | undefined;

/** Compiles the engine's WebAssembly once per process: it has no state of its own before an engine is opened. */
async function load(): Promise<void> {
  const glueUrl = import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bytes = await readFile(fileURLToPath(new URL('./schema_engine_bg.wasm', glueUrl)));
  const { instance } = await WebAssembly.instantiate(bytes, {
    './schema_engine_bg.js': withIdleTimers(engine),
  });
  (engine as unknown as Glue).__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}

/** The glue with timers that keep no process alive: the engine never clears the one that limits its wait for a lock. */
function withIdleTimers(glue: object): object {
  const setIdleTimeout = (callback: () => void, delayMs: number) => setTimeout(callback, delayMs).unref();
  return Object.fromEntries(
    Object.entries(glue).map(([name, call]) => [
      name,
      name.startsWith('__wbg_setTimeout_') ? setIdleTimeout : call,
    ]),
  );
}

/**
 * Opens Prisma's schema engine over a driver adapter, in this process: nothing is downloaded or started.
 * @param schema the files of the schema that tells the provider and, for comparisons, the models
 */
export async function openSchemaEngine(
  adapter: SqlMigrationAwareDriverAdapterFactory,
  schema: readonly SchemaFile[],
): Promise<SchemaEngine> {
  loading ??= load();
  await loading;
  const connections: SqlDriverAdapter[] = [];
  const commands = await engine.SchemaEngine.new(
    { datamodels: schema.map(({ path, content }) => [path, content]) },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(rememberConnections(adapter, connections)),
  ).catch(async (error: unknown) => {
    await closeAll(connections);
    throw error;
  });
  return {
    commands,
    close: async () => {
      commands.free();
      await closeAll(connections);
    },
  };
}

/** The engine never closes what it opens, so that a file stays open and a pool waits: what it opened is kept here. */
function rememberConnections(
  adapter: SqlMigrationAwareDriverAdapterFactory,
  connections: SqlDriverAdapter[],
): SqlMigrationAwareDriverAdapterFactory {
  const remember = async (connecting: Promise<SqlDriverAdapter>): Promise<SqlDriverAdapter> => {
    const connection = await connecting;
    connections.push(connection);
    return connection;
  };
  return {
    provider: adapter.provider,
    adapterName: adapter.adapterName,
    connect: () => remember(adapter.connect()),
    connectToShadowDb: () => remember(adapter.connectToShadowDb()),
  };
}

async function closeAll(connections: SqlDriverAdapter[]): Promise<void> {
  for (const connection of connections.splice(0)) await connection.dispose();
}

/** Opens the engine without any database, for comparing schemas only. */
export async function openSchemaComparer(
  provider: 'sqlite' | 'postgresql',
  schema: readonly SchemaFile[],
): Promise<SchemaEngine> {
  const adapter = provider === 'sqlite' ? new PrismaLibSql({ url: ':memory:' }) : absentPostgres;
  return openSchemaEngine(adapter, schema);
}

/**
 * Stands for a PostgreSQL that is not there. Opening the engine asks for the server's version, comparing two
 * schemas asks for nothing, and whatever would change a database is refused.
 */
const absentPostgres: SqlMigrationAwareDriverAdapterFactory = {
  provider: 'postgres',
  adapterName: 'absent',
  async connect(): Promise<SqlDriverAdapter> {
    const refuse = (): never => {
      throw new Error('Comparing schemas must not reach a database');
    };
    return {
      provider: 'postgres',
      adapterName: 'absent',
      // The three columns: schema exists, version, numeric version.
      queryRaw: async () => ({
        columnNames: ['exists', 'version', 'numeric_version'],
        columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
        rows: [[true, 'PostgreSQL 15.0', 150000]],
      }),
      executeRaw: refuse,
      executeScript: refuse,
      startTransaction: refuse,
      getConnectionInfo: () => ({ schemaName: 'public', supportsRelationJoins: true }),
      dispose: async () => undefined,
    };
  },
  connectToShadowDb: () => {
    throw new Error('Comparing schemas must not reach a database');
  },
};

/** The SQL that turns the schema `from` into `to`; the empty list stands for an empty database. */
export async function diffSchemas(
  schemaEngine: SchemaEngine,
  from: readonly SchemaFile[],
  to: readonly SchemaFile[],
): Promise<string> {
  const { stdout } = await schemaEngine.commands.diff({
    from: from.length === 0 ? { tag: 'empty' } : { tag: 'schemaDatamodel', files: [...from] },
    to: { tag: 'schemaDatamodel', files: [...to] },
    script: true,
    exitCode: null,
    filters: { externalTables: [], externalEnums: [] },
  });
  return stdout ?? '';
}
