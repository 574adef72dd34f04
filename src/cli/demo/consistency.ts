import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { printRows } from './fingerprint.js';

/** A copy of the till that was taken while it was selling, and what it is held against. */
export interface SellingCopy {
  database: string;
  files: string;
  /** The till's database, which has gone on selling since. */
  liveDatabase: string;
  /** Sales before the backup was asked for, and after it was there. */
  salesBefore: number;
  salesAfter: number;
}

/** Each selects rows that would not be there if the copy were of one moment. */
const CONTRADICTIONS: Readonly<Record<string, string>> = {
  'sales differ from the sum of their lines': `
    SELECT s.id FROM sales s LEFT JOIN (
      SELECT sale_id, sum(quantity * price_cents) AS cents FROM sale_lines GROUP BY sale_id
    ) l ON l.sale_id = s.id WHERE l.cents IS NOT s.total_cents`,
  'products have a stock that their sales do not explain': `
    SELECT p.id FROM products p LEFT JOIN (
      SELECT product_id, sum(quantity) AS sold FROM sale_lines GROUP BY product_id
    ) l ON l.product_id = p.id WHERE p.stock <> p.opening_stock - coalesce(l.sold, 0)`,
  'running totals differ from the sales': `
    SELECT name FROM totals WHERE value <> CASE name
      WHEN 'sales' THEN (SELECT count(*) FROM sales) ELSE (SELECT sum(total_cents) FROM sales) END`,
  'rows name others that are not there': 'PRAGMA foreign_key_check',
};

/** How many sales a database holds. */
export function countSales(path: string): number {
  return withDatabase(path, (database) =>
    Number(database.prepare("SELECT value FROM totals WHERE name = 'sales'").get()?.value),
  );
}

/**
 * Looks for anything in the copy that never was true at one moment of the till.
 * @returns how many sales the copy holds, and one line for each thing that is wrong
 */
export function checkSellingCopy(copy: SellingCopy): { sales: number; problems: string[] } {
  return withDatabase(copy.database, (database) => {
    const sales = countSales(copy.database);
    const problems = checkDatabase(database);
    if (copy.salesAfter === copy.salesBefore) problems.push('nothing was sold while the backup was taken');
    if (sales < copy.salesBefore || sales > copy.salesAfter) {
      problems.push(`the copy holds ${sales} sales, expected ${copy.salesBefore} to ${copy.salesAfter}`);
    }
    problems.push(
      ...compareWithLive(database, copy.liveDatabase, sales),
      ...findMissingReceipts(database, copy.files),
    );
    return { sales, problems };
  });
}

/** SQLite's own check, and the till's rules. One line for each thing that is wrong. */
export function checkDatabase(database: DatabaseSync): string[] {
  const [verdict] = database.prepare('PRAGMA integrity_check').all();
  const problems =
    verdict?.integrity_check === 'ok' ? [] : [`integrity_check says ${String(verdict?.integrity_check)}`];
  for (const [what, sql] of Object.entries(CONTRADICTIONS)) {
    const rows = database.prepare(sql).all();
    if (rows.length > 0) problems.push(`${rows.length} ${what}`);
  }
  return problems;
}

/** Opens a database for reading, for as long as `work` takes. */
export function withDatabase<T>(path: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** Sales are never changed once made, so those of the copy must be the first ones of the live till, to the last cent. */
function compareWithLive(database: DatabaseSync, liveDatabase: string, sales: number): string[] {
  const queries = {
    sales: `SELECT * FROM sales WHERE id <= ${sales} ORDER BY id`,
    'sale lines': `SELECT * FROM sale_lines WHERE sale_id <= ${sales} ORDER BY id`,
  };
  return withDatabase(liveDatabase, (live) =>
    Object.entries(queries)
      .filter(([, sql]) => printRows(database, sql).checksum !== printRows(live, sql).checksum)
      .map(([what]) => `the ${what} of the copy are not the till's`),
  );
}

/** The database is captured before the files, so whatever it names must be there. */
function findMissingReceipts(database: DatabaseSync, files: string): string[] {
  const named = database.prepare('SELECT receipt FROM sales WHERE receipt IS NOT NULL').all();
  const missing = named.filter((row) => !existsSync(join(files, String(row.receipt))));
  return missing.length === 0 ? [] : [`${missing.length} receipts are named by a sale and are not there`];
}
