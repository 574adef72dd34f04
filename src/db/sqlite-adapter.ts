import { chmod, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PrismaLibSql } from '@prisma/adapter-libsql';
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import { StorageError } from '../shared/errors.js';

type Client = ReturnType<PrismaLibSql['createClient']>;
type Transaction = Awaited<ReturnType<Client['transaction']>>;

/** How long a statement waits for another process that writes, in milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;

/** Settings of the one connection. Write-ahead logging lets an operator look into the file while the server writes. */
const PRAGMAS = [
  `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`,
  'PRAGMA journal_mode = WAL',
  'PRAGMA synchronous = FULL',
  'PRAGMA foreign_keys = ON',
].join('; ');

/**
 * libSQL's driver adapter with one connection for everything. libSQL gives every transaction a connection of its own
 * and leaves it to the garbage collector, without the settings above; Prisma's adapter lets nothing else run during
 * a transaction, so that one connection is enough and its settings always hold.
 */
export class SqliteAdapter extends PrismaLibSql {
  override createClient(config: Parameters<PrismaLibSql['createClient']>[0]): Client {
    const client = super.createClient(config);
    client.transaction = async () => beginTransaction(client);
    return client;
  }

  override async connect(): Promise<SqlDriverAdapter> {
    const adapter = await super.connect();
    await adapter.executeScript(PRAGMAS);
    return adapter;
  }
}

/** Begins a transaction that may write on the client's own connection. */
async function beginTransaction(client: Client): Promise<Transaction> {
  await client.execute('BEGIN IMMEDIATE');
  let closed = false;
  const end = async (statement: 'COMMIT' | 'ROLLBACK'): Promise<void> => {
    if (closed) return;
    await client.execute(statement);
    closed = true;
  };
  return {
    execute: (statement: Parameters<Client['execute']>[0]) => client.execute(statement),
    batch: () => refuse('batch'),
    executeMultiple: (script: string) => client.executeMultiple(script),
    commit: () => end('COMMIT'),
    rollback: () => end('ROLLBACK'),
    close: () => refuse('close'),
    get closed() {
      return closed;
    },
  } as Transaction;
}

/** Prisma's adapter uses neither; an error is better than a transaction that seems to have ended. */
function refuse(call: string): never {
  throw new Error(`${call}() is not part of a Prisma transaction`);
}

/**
 * Makes the folder (0700) and the file (0600) of a SQLite database; SQLite gives its side files the same mode.
 * @throws StorageError when the file is there and holds something else
 */
export async function prepareSqliteFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'a+', 0o600);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    if (bytesRead > 0 && !buffer.equals(MAGIC)) throw new StorageError('SERVICE_UNAVAILABLE', DAMAGED);
  } finally {
    await file.close();
  }
  await chmod(path, 0o600);
}

/** What every SQLite file begins with; an empty file is an empty database. */
const MAGIC = Buffer.from('SQLite format 3\0', 'latin1');

/** What to do about a metadata database that SQLite cannot make sense of. */
export const DAMAGED =
  'The metadata database is damaged: move its file away, with those of its name that end in -wal and -shm, and start again. A new one is made and gets every backup back from the repository; schedules and the audit log are in the old one alone';
