/** Tells a database from any other of its name: on another server, or made anew. */
import type { Client } from 'pg';
import type { SwapPlan } from '../engine/index.js';
import type { DatabaseRow } from './postgres-properties.js';

/** The live database of before a swap, as plain data. */
export async function identify(client: Client, live: DatabaseRow | null): Promise<SwapPlan> {
  return { server: await readServerId(client), live: live?.oid ?? null };
}

/** True when `live` is the database that `identity` is of, or there was none. Renaming changes nothing of it. */
export async function isSame(client: Client, live: DatabaseRow | null, identity: SwapPlan): Promise<boolean> {
  const server = await readServerId(client);
  const isServer = server === null || identity.server === null || server === identity.server;
  return isServer && (identity.live === null || live?.oid === identity.live);
}

/** What the server was named when its data was made; null when it does not say. */
async function readServerId(client: Client): Promise<string | null> {
  try {
    const { rows } = await client.query<{ id: string }>(
      'SELECT system_identifier::text AS id FROM pg_control_system()',
    );
    return rows[0]!.id;
  } catch {
    return null; // some providers keep it to themselves; databases are told apart by their numbers all the same
  }
}
