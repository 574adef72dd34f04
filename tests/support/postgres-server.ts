/** A real PostgreSQL server, and databases on it that are gone when the test ends. */
import { randomUUID } from 'node:crypto';
import type { Context } from 'mocha';
import { Client, escapeIdentifier } from 'pg';
import { needs } from './needs.js';

/** Of an account that may do everything; without a database. */
const SERVER = process.env.TILLVAULT_TEST_POSTGRES_URL ?? 'postgresql://postgres@127.0.0.1:5432';

export type Row = Record<string, unknown>;

export class PostgresServer {
  readonly #databases: string[] = [];
  readonly #roles: string[] = [];

  /** Skips the test, or fails it with CI=true, when no server answers. */
  static async open(test: Context): Promise<PostgresServer> {
    const isHere = await query('postgres', 'SELECT 1').then(
      () => true,
      () => false,
    );
    needs(test, isHere, `a PostgreSQL server at ${SERVER} (TILLVAULT_TEST_POSTGRES_URL)`);
    return new PostgresServer();
  }

  /** A name that nobody else uses; the database of that name is dropped at the end. */
  reserve(prefix = 'tv'): string {
    const name = `${prefix}_${randomUUID().slice(0, 8)}`;
    this.#databases.push(name);
    return name;
  }

  /** Makes a database and runs `sql` in it. */
  async create(sql: string, prefix?: string): Promise<string> {
    const name = this.reserve(prefix);
    await query('postgres', `CREATE DATABASE ${escapeIdentifier(name)}`);
    await query(name, sql);
    return name;
  }

  /** Makes a role that may sign in with `password`. */
  async createRole(password: string, attributes = ''): Promise<string> {
    const name = `tv_role_${randomUUID().slice(0, 8)}`;
    this.#roles.push(name);
    await query('postgres', `CREATE ROLE ${name} LOGIN ${attributes} PASSWORD '${password}'`);
    return name;
  }

  url(database: string, account: { user: string; password: string } | null = null): string {
    const url = new URL(SERVER);
    url.pathname = `/${encodeURIComponent(database)}`;
    if (account !== null) {
      url.username = account.user;
      url.password = account.password;
    }
    return url.href;
  }

  async query<Found = Row>(database: string, sql: string): Promise<Found[]> {
    return query<Found>(database, sql);
  }

  /** A connection of a client's own; the caller ends it. */
  async connect(
    database: string,
    applicationName = 'till',
    account: { user: string; password: string } | null = null,
  ): Promise<Client> {
    const connectionString = this.url(database, account);
    const client = new Client({ connectionString, application_name: applicationName });
    client.on('error', () => {}); // a restore ends it
    await client.connect();
    return client;
  }

  /** Every database of a restore of `database`, whatever became of it. */
  async leftovers(database: string): Promise<string[]> {
    const rows = await query<{ datname: string }>('postgres', 'SELECT datname FROM pg_database');
    return rows
      .map(({ datname }) => datname)
      .filter((name) => name.startsWith(`${database}_tillvault`))
      .sort();
  }

  /** Drops what was made. */
  async close(): Promise<void> {
    for (const name of this.#databases) {
      for (const each of [name, ...(await this.leftovers(name))]) {
        await query('postgres', `DROP DATABASE IF EXISTS ${escapeIdentifier(each)} WITH (FORCE)`);
      }
    }
    for (const role of this.#roles) await query('postgres', `DROP ROLE IF EXISTS ${role}`);
  }
}

async function query<Found = Row>(database: string, sql: string): Promise<Found[]> {
  const url = new URL(SERVER);
  url.pathname = `/${encodeURIComponent(database)}`;
  const client = new Client({ connectionString: url.href, application_name: 'test' });
  await client.connect();
  try {
    const { rows } = await client.query(sql);
    return rows as Found[];
  } finally {
    await client.end();
  }
}
