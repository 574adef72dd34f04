/**
 * The till's database: products, customers, sales and their lines, and running totals. Money is in cents.
 * Whatever moment one looks at, the totals and the stock agree with the sales: that is what a consistent copy shows.
 */
import { DatabaseSync } from 'node:sqlite';
import type { SeededRandom } from './seeded-random.js';

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE products (
    id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE, name TEXT NOT NULL, price_cents INTEGER NOT NULL,
    opening_stock INTEGER NOT NULL, stock INTEGER NOT NULL
  );
  CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, points INTEGER NOT NULL);
  CREATE TABLE sales (
    id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), sold_at INTEGER NOT NULL,
    total_cents INTEGER NOT NULL, receipt TEXT
  );
  CREATE TABLE sale_lines (
    id INTEGER PRIMARY KEY, sale_id INTEGER NOT NULL REFERENCES sales (id),
    product_id INTEGER NOT NULL REFERENCES products (id), quantity INTEGER NOT NULL, price_cents INTEGER NOT NULL
  );
  CREATE INDEX sale_lines_by_sale ON sale_lines (sale_id);
  CREATE TABLE totals (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`;

const PRODUCTS = 2000;
const CUSTOMERS = 5000;
const OPENING_STOCK = 1_000_000;
const KINDS = [
  'Coffee',
  'Tea',
  'Bread',
  'Butter',
  'Apples',
  'Soap',
  'Candles',
  'Notebook',
  'Pencil',
  'Postcard',
];
const FORMS = ['small', 'large', 'organic', 'family pack', 'gift box', 'on offer', 'regional', 'imported'];
const FIRST_NAMES = ['Ada', 'Bela', 'Chen', 'Dora', 'Emre', 'Femi', 'Gita', 'Hugo', 'Ines', 'Jonas'];
const LAST_NAMES = [
  'Abiola',
  'Brandt',
  'Costa',
  'Dietrich',
  'Eriksen',
  'Fontaine',
  'Garcia',
  'Hoffmann',
  'Ito',
];

/** One line of a sale that is being made. */
interface SaleLine {
  productId: number;
  quantity: number;
  priceCents: number;
}

/** A sale that is written. */
export interface Sale {
  id: number;
  totalCents: number;
  lines: readonly SaleLine[];
}

/** The till's own door to its database: one connection, one transaction at a time. */
export class TillDatabase {
  readonly #database: DatabaseSync;
  readonly #random: SeededRandom;
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #prices: number[];

  /** Opens a database that `createTillDatabase` made. */
  constructor(path: string, random: SeededRandom) {
    this.#database = new DatabaseSync(path, { timeout: 10_000 });
    this.#database.exec('PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
    this.#random = random;
    this.#statements = prepareStatements(this.#database);
    const prices = this.#database.prepare('SELECT price_cents FROM products ORDER BY id').all();
    this.#prices = prices.map((row) => Number(row.price_cents));
  }

  /**
   * Runs `work` as one transaction.
   * @throws what `work` throws, with nothing changed
   */
  transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Writes the next sale, inside a transaction: the sale, its 1 to 5 lines, the stock and the totals. */
  sell(soldAt: number, nameReceipt: (saleId: number) => string | null): Sale {
    const lines = Array.from({ length: this.#random.between(1, 5) }, () => this.#drawLine());
    const totalCents = lines.reduce((sum, line) => sum + line.quantity * line.priceCents, 0);
    const id = Number(this.#statements.nextSale.get()?.id);
    const customer = this.#random.between(0, 3) === 0 ? this.#random.between(1, CUSTOMERS) : null;
    this.#statements.insertSale.run(id, customer, soldAt, totalCents, nameReceipt(id));
    for (const { productId, quantity, priceCents } of lines) {
      this.#statements.insertLine.run(id, productId, quantity, priceCents);
      this.#statements.takeStock.run(quantity, productId);
    }
    this.#statements.addTotal.run(1, 'sales');
    this.#statements.addTotal.run(totalCents, 'revenue_cents');
    return { id, totalCents, lines };
  }

  close(): void {
    this.#database.close();
  }

  #drawLine(): SaleLine {
    const productId = this.#random.between(1, PRODUCTS);
    return { productId, quantity: this.#random.between(1, 4), priceCents: this.#prices[productId - 1] ?? 0 };
  }
}

/** Makes a database with products and customers and nothing sold yet. `path` must not exist. */
export function createTillDatabase(path: string, random: SeededRandom): void {
  const database = new DatabaseSync(path);
  try {
    database.exec(SCHEMA);
    database.exec('BEGIN');
    const product = database.prepare('INSERT INTO products VALUES (?, ?, ?, ?, ?, ?)');
    for (let id = 1; id <= PRODUCTS; id++) {
      const name = `${random.pick(KINDS)}, ${random.pick(FORMS)}`;
      product.run(
        id,
        `SKU-${String(id).padStart(6, '0')}`,
        name,
        random.between(49, 9999),
        OPENING_STOCK,
        OPENING_STOCK,
      );
    }
    const customer = database.prepare('INSERT INTO customers VALUES (?, ?, ?, ?)');
    for (let id = 1; id <= CUSTOMERS; id++) {
      const [first, last] = [random.pick(FIRST_NAMES), random.pick(LAST_NAMES)];
      customer.run(
        id,
        `${first} ${last}`,
        `${first}.${last}.${id}@example.com`.toLowerCase(),
        random.between(0, 5000),
      );
    }
    database.exec(`INSERT INTO totals VALUES ('sales', 0), ('revenue_cents', 0); COMMIT`);
  } finally {
    database.close();
  }
}

function prepareStatements(database: DatabaseSync) {
  return {
    nextSale: database.prepare('SELECT coalesce(max(id), 0) + 1 AS id FROM sales'),
    insertSale: database.prepare('INSERT INTO sales VALUES (?, ?, ?, ?, ?)'),
    insertLine: database.prepare('INSERT INTO sale_lines VALUES (NULL, ?, ?, ?, ?)'),
    takeStock: database.prepare('UPDATE products SET stock = stock - ? WHERE id = ?'),
    addTotal: database.prepare('UPDATE totals SET value = value + ? WHERE name = ?'),
  };
}
