/** A real MariaDB or MySQL server, and databases on it that are gone when the test ends. */
import { randomUUID } from 'node:crypto';
import type { Context } from 'mocha';
import { type Connection, createConnection } from 'mysql2/promise';
import { needs } from './needs.js';

/** Of an account that may do everything; without a database. */
const SERVER = process.env.TILLVAULT_TEST_MYSQL_URL ?? 'mysql://root@127.0.0.1:3306';

export type MysqlRow = Record<string, unknown>;

export class MysqlServer {
  readonly #databases: string[] = [];
  readonly #users: string[] = [];

  /** Skips the test, or fails it with CI=true, when no server answers. */
  static async open(test: Context): Promise<MysqlServer> {
    const isHere = await query(null, 'SELECT 1').then(
      () => true,
      () => false,
    );
    needs(test, isHere, `a MariaDB or MySQL server at ${SERVER} (TILLVAULT_TEST_MYSQL_URL)`);
    return new MysqlServer();
  }

  /** Makes a database and runs `statements` in it. */
  async create(statements: readonly string[], prefix = 'tv'): Promise<string> {
    const name = `${prefix}_${randomUUID().slice(0, 8)}`;
    this.#databases.push(name);
    await query(null, `CREATE DATABASE ${quote(name)} CHARACTER SET utf8mb4 COLLATE utf8mb4_german2_ci`);
    await this.run(name, ...statements);
    return name;
  }

  /** Makes a user with `password`. */
  async createUser(password: string): Promise<string> {
    const name = `tv_${randomUUID().slice(0, 8)}`;
    this.#users.push(name);
    const connection = await connect(null);
    try {
      await connection.query(`CREATE USER ${name} IDENTIFIED BY ${connection.escape(password)}`);
    } finally {
      await connection.end();
    }
    return name;
  }

  url(database: string, account: { user: string; password: string } | null = null): string {
    const url = new URL(SERVER);
    url.pathname = `/${encodeURIComponent(database)}`;
    if (account !== null) {
      url.username = account.user;
      url.password = encodeURIComponent(account.password);
    }
    return url.href;
  }

  /** Runs statements one after the other in one session. */
  async run(database: string | null, ...statements: string[]): Promise<void> {
    const connection = await connect(database);
    try {
      for (const statement of statements) await connection.query(statement);
    } finally {
      await connection.end();
    }
  }

  async query<Found = MysqlRow>(database: string | null, sql: string): Promise<Found[]> {
    return query<Found>(database, sql);
  }

  /** A connection of a client's own; the caller ends it. */
  async connect(database: string): Promise<Connection> {
    return connect(database);
  }

  /** Every database of a restore of `database`, whatever became of it. */
  async leftovers(database: string): Promise<string[]> {
    const rows = await query<{ name: string }>(
      null,
      'SELECT schema_name AS name FROM information_schema.schemata ORDER BY 1',
    );
    return rows.map(({ name }) => name).filter((name) => name.startsWith(`${database}_tillvault`));
  }

  /** Drops what was made. */
  async close(): Promise<void> {
    for (const name of this.#databases) {
      for (const each of [name, ...(await this.leftovers(name))]) {
        await query(null, `DROP DATABASE IF EXISTS ${quote(each)}`);
      }
    }
    for (const user of this.#users) await query(null, `DROP USER IF EXISTS ${user}`);
  }
}

/** `name` as SQL takes it. */
export function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

async function connect(database: string | null): Promise<Connection> {
  const url = new URL(SERVER);
  return createConnection({
    host: url.hostname,
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    ...(database !== null && { database }),
    charset: 'utf8mb4_general_ci',
  });
}

async function query<Found = MysqlRow>(database: string | null, sql: string): Promise<Found[]> {
  const connection = await connect(database);
  try {
    const [rows] = await connection.query(sql);
    return rows as Found[];
  } finally {
    await connection.end();
  }
}
