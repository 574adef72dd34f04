/**
 * What the journal says of a swap on a server: which database of which server, so that nothing is undone or dropped at
 * an address that DATABASE_URL came to name since. Holds neither user nor password.
 */
import { z } from 'zod';
import type { SwapPlan } from '../engine/index.js';
import { ConflictError, invariant } from '../shared/errors.js';
import type { ServerAddress } from './server-address.js';

/** A swap that was written down. */
export interface ServerPlan {
  restoreId: string;
  /** What the place said of itself before the swap; null when it said nothing, or an older version wrote the plan. */
  identity: SwapPlan | null;
}

const SERVER = z.object({ kind: z.string(), host: z.string(), port: z.number(), database: z.string() });

/** The swap as plain data for the journal. */
export function formatServerPlan({ restoreId, identity }: ServerPlan, address: ServerAddress): SwapPlan {
  const { kind, host, port, database } = address;
  return { kind: 'server', restoreId, server: { kind, host, port, database }, identity };
}

/**
 * @param address what DATABASE_URL names now
 * @throws ConflictError when the swap was done elsewhere
 */
export function parseServerPlan(plan: SwapPlan, address: ServerAddress): ServerPlan {
  const here = describe(address);
  if (plan.kind !== 'server') {
    throw new ConflictError(
      `A restore was replacing another kind of database, and DATABASE_URL names ${here}: set it back until that restore has been put right`,
    );
  }
  const { restoreId, server, identity = null } = plan;
  invariant(typeof restoreId === 'string', 'the plan of a database on a server names its restore');
  invariant(isPlan(identity), 'the identity of a place is an object');
  if (server === undefined) return { restoreId, identity }; // an older version wrote it
  const there = describe(SERVER.parse(server));
  if (there === here) return { restoreId, identity };
  throw new ConflictError(
    `Restore ${restoreId} was replacing ${there}, and DATABASE_URL names ${here}: set it back until that restore has been put right`,
  );
}

function isPlan(value: SwapPlan[string]): value is SwapPlan | null {
  return typeof value === 'object' && !Array.isArray(value);
}

function describe({ kind, host, port, database }: z.infer<typeof SERVER>): string {
  return `database "${database}" of ${kind} on ${host.toLowerCase()}, port ${port}`;
}
