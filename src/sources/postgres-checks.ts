/** What is looked at within a database: whether it holds anything, and whether it came out sound. */
import type { Client } from 'pg';
import type { TableRows } from '../shared/backup-check.js';
import { IntegrityError, throwIfCancelled } from '../shared/errors.js';

/** Tables of the till's own, whatever their kind. */
export async function countTables(client: Client): Promise<number> {
  const { rows } = await client.query<{ tables: string }>(
    `SELECT count(*) AS tables FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`,
  );
  return Number(rows[0]!.tables);
}

/**
 * A dump holds no invalid index, so one in the fresh database means that it could not be built.
 * @throws IntegrityError naming them
 */
export async function assertIndexesValid(client: Client, name: string): Promise<void> {
  const { rows } = await client.query<{ index: string }>(
    `SELECT i.indexrelid::regclass::text AS index FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE c.relkind = 'i' AND NOT (i.indisvalid AND i.indisready) ORDER BY 1 LIMIT 5`,
  );
  if (rows.length === 0) return;
  const names = rows.map(({ index }) => index).join(', ');
  throw new IntegrityError(`The restored database "${name}" has invalid indexes: ${names}`);
}

/** How many rows each table has. */
export async function countRows(client: Client, signal?: AbortSignal): Promise<TableRows[]> {
  const counted: TableRows[] = [];
  for (const table of await listTables(client)) {
    throwIfCancelled(signal);
    const { rows } = await client.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${table}`);
    counted.push({ name: table, rows: Number(rows[0]!.rows) });
  }
  return counted;
}

/** Tables that hold rows of their own, quoted, with their schema. */
async function listTables(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'm') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}
