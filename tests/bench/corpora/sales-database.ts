/** The database of the corpora: sales as a till stores them. The same rows on every run. */
import { DatabaseSync } from 'node:sqlite';
import { SeededRandom } from '../../../src/cli/demo/seeded-random.js';
import { MiB } from '../../../src/shared/bytes.js';
import { throwIfCancelled } from '../../../src/shared/errors.js';

/** Bytes that one sale takes in the database, index included, about. */
export const BYTES_PER_SALE = 298;

const PAGE_BYTES = 4096;
const SCAN_BYTES = 64 * MiB;
const SEED = 4_201;
const SALES_PER_TURN = 20_000;
const FIRST_SALE_AT = 1_735_804_800;
const PAYMENTS = ['cash', 'card', 'card', 'card', 'voucher'] as const;
const ARTICLES = [
  'Coffee',
  'Tea',
  'Bread',
  'Butter',
  'Apples',
  'Soap',
  'Candles',
  'Notebook',
  'Pencil',
] as const;

const SCHEMA = `
  CREATE TABLE sales (
    id INTEGER PRIMARY KEY, sold_at INTEGER NOT NULL, cashier INTEGER NOT NULL, customer INTEGER,
    total_cents INTEGER NOT NULL, payment TEXT NOT NULL, authorization TEXT NOT NULL, lines TEXT NOT NULL
  );
  CREATE INDEX sales_by_customer ON sales (customer, sold_at);
`;

/** What a database of sales is made of. */
export interface SalesDatabaseContent {
  sales: number;
  /** A power of two from 512 to 65,536. Default: 4096. */
  pageBytes?: number;
  /** Bytes of scanned documents that are all zeros, besides. Default: none. */
  zeroBytes?: number;
}

/** Makes a database in WAL mode. `path` must not exist. @throws CancelledError */
export async function makeSalesDatabase(
  path: string,
  { sales, pageBytes = PAGE_BYTES, zeroBytes = 0 }: SalesDatabaseContent,
  signal: AbortSignal,
): Promise<void> {
  const random = new SeededRandom(SEED);
  const database = new DatabaseSync(path);
  try {
    // What is made here is made again when it is lost, so nothing waits for the disk.
    database.exec(
      `PRAGMA page_size = ${pageBytes}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; ${SCHEMA}`,
    );
    for (let first = 1; first <= sales; first += SALES_PER_TURN) {
      throwIfCancelled(signal);
      addSales(database, { first, count: Math.min(SALES_PER_TURN, sales - first + 1), random });
      await new Promise(setImmediate);
    }
    await addZeros(database, zeroBytes, signal);
    database.exec('PRAGMA journal_mode = WAL');
  } finally {
    database.close();
  }
}

async function addZeros(database: DatabaseSync, zeroBytes: number, signal: AbortSignal): Promise<void> {
  database.exec('CREATE TABLE scans (id INTEGER PRIMARY KEY, image BLOB NOT NULL)');
  const insert = database.prepare('INSERT INTO scans (image) VALUES (zeroblob(?))');
  for (let left = zeroBytes; left > 0; left -= SCAN_BYTES) {
    throwIfCancelled(signal);
    insert.run(Math.min(SCAN_BYTES, left));
    await new Promise(setImmediate);
  }
}

/** Changes the authorization of sales at random places, so that about `share` of the database's pages change. */
export function changeScatteredPages(path: string, share: number, seed: number): void {
  const random = new SeededRandom(seed);
  withDatabase(path, (database) => {
    const sales = countSales(database);
    const change = database.prepare('UPDATE sales SET authorization = ? WHERE id = ?');
    const pages = Math.max(1, Math.round(readPragma(database, 'page_count') * share));
    for (let page = 0; page < pages; page++) change.run(drawAuthorization(random), random.between(1, sales));
  });
}

/** Sells until the database has grown by about `share`, as a day or a week of business does. */
export function appendSales(path: string, share: number, seed: number): void {
  const random = new SeededRandom(seed);
  withDatabase(path, (database) => {
    const sales = countSales(database);
    addSalesIn(database, { first: sales + 1, count: Math.max(1, Math.round(sales * share)), random });
  });
}

/** Runs `change` as one transaction, and leaves no `-wal` file behind. */
function withDatabase(path: string, change: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  try {
    database.exec('PRAGMA synchronous = OFF; BEGIN IMMEDIATE');
    change(database);
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

function countSales(database: DatabaseSync): number {
  return Number(database.prepare('SELECT max(id) AS last FROM sales').get()?.last ?? 0);
}

function readPragma(database: DatabaseSync, name: 'page_count'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}

interface Selling {
  /** Number of the first sale. */
  first: number;
  count: number;
  random: SeededRandom;
}

function addSales(database: DatabaseSync, selling: Selling): void {
  database.exec('BEGIN');
  addSalesIn(database, selling);
  database.exec('COMMIT');
}

function addSalesIn(database: DatabaseSync, { first, count, random }: Selling): void {
  const insert = database.prepare('INSERT INTO sales VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  for (let id = first; id < first + count; id++) {
    const customer = random.between(0, 3) === 0 ? random.between(1, 50_000) : null;
    const lines = Array.from({ length: random.between(1, 8) }, () => drawLine(random));
    const total = random.between(99, 25_000);
    const soldAt = FIRST_SALE_AT + id * 45;
    const authorization = drawAuthorization(random);
    const payment = random.pick(PAYMENTS);
    insert.run(
      id,
      soldAt,
      random.between(1, 12),
      customer,
      total,
      payment,
      authorization,
      `[${lines.join()}]`,
    );
  }
}

function drawLine(random: SeededRandom): string {
  const article = random.pick(ARTICLES);
  return `{"sku":"${random.between(10_000_000, 99_999_999)}","n":"${article}","q":[${random.between(1, 9)},${random.between(49, 9999)}]}`;
}

/** 40 hexadecimal digits, as a card terminal answers. */
function drawAuthorization(random: SeededRandom): string {
  const words = Array.from({ length: 5 }, () => random.next().toString(16).padStart(8, '0'));
  return words.join('');
}
