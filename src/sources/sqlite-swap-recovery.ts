/**
 * Finds out, after a crash, whether a live SQLite database was replaced, and goes forward where nothing tells
 * (docs/adr/0019). Nothing that the till has written is thrown away by that: what is live is kept under another name.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { SwapFinding } from '../engine/index.js';
import { invariant } from '../shared/errors.js';
import { openSqlite, toDatabaseError } from './sqlite-connection.js';
import { copyDatabase } from './sqlite-copy.js';
import { lookAtDatabase } from './sqlite-health.js';
import { hasHappened, matchPageSize, type OnlinePlan, replaceOnline } from './sqlite-online-swap.js';
import { setAside } from './sqlite-renaming-swap.js';
import type { LockWait } from './sqlite-wait.js';
import { STAGING_PREFIX } from './staging-folder.js';
import { syncFolder } from './sync-folder.js';
import { toAppError } from './system-error.js';

/** Digits of the restore's id in the name of what is kept. */
const ID_DIGITS = 8;
/** In the staging folder: the staged copy goes, or has gone, into the live place by a rename. */
const RENAMING = 'renaming';

/**
 * Whether the swap of `plan` happened. Makes it happen where nothing tells any more, since all parts are then what was
 * asked for and any other answer could leave halves. May be cut short and called again.
 * @throws ConflictError, SourceError, StorageError with `details.undecided` when it cannot be told now
 */
export async function findOutSwap(plan: OnlinePlan, waiting: LockWait): Promise<SwapFinding> {
  if (existsSync(join(plan.folder, RENAMING))) return finishRenaming(plan);
  if (!existsSync(plan.staged)) return { hasHappened: false, notices: [] };
  const { state } = await lookAtDatabase(plan.live, plan.name, waiting);
  if (state !== 'usable') return beginRenaming(plan);
  const happened = await hasHappened(plan, waiting);
  if (happened !== null) return { hasHappened: happened, notices: [] };
  await keepLive(plan, waiting);
  await makeHappen(plan, waiting);
  return { hasHappened: true, notices: [describeKept(plan)] };
}

/** The till's database is gone, or nobody can open it any more: the staged one takes its place. */
function beginRenaming(plan: OnlinePlan): SwapFinding {
  try {
    writeFileSync(join(plan.folder, RENAMING), '', { mode: 0o600 });
    syncFolder(plan.folder);
    return finishRenaming(plan);
  } catch (error) {
    throw toAppError(error, `Database "${plan.name}" cannot be put in its place`);
  }
}

function finishRenaming(plan: OnlinePlan): SwapFinding {
  const { staged, live, folder, name } = plan;
  try {
    if (existsSync(staged)) {
      setAside(live, keptPathOf(plan));
      renameSync(staged, live);
      syncFolder(folder);
      syncFolder(dirname(live));
    }
  } catch (error) {
    throw toAppError(error, `Database "${name}" cannot be put in its place`);
  }
  return { hasHappened: true, notices: existsSync(keptPathOf(plan)) ? [describeKept(plan)] : [] };
}

/** Under a temporary name first: what bears the name is whole, and was taken before anything was replaced. */
async function keepLive(plan: OnlinePlan, waiting: LockWait): Promise<void> {
  const kept = keptPathOf(plan);
  if (existsSync(kept)) return;
  const partial = `${kept}.partial`;
  try {
    rmSync(partial, { force: true });
    writeFileSync(partial, '', { mode: 0o600, flag: 'wx' });
    const live = openSqlite(plan.live, { busyTimeoutMs: 0 });
    try {
      await copyDatabase(live, partial, waiting);
    } finally {
      live.close();
    }
    chmodSync(partial, statSync(plan.live).mode & 0o7777);
    const descriptor = openSync(partial, 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(partial, kept);
    syncFolder(dirname(kept));
  } catch (error) {
    throw toDatabaseError(error, `Database "${plan.name}" cannot be kept before its restore is finished`);
  }
}

async function makeHappen(plan: OnlinePlan, waiting: LockWait): Promise<void> {
  try {
    await matchPageSize(plan, waiting);
  } catch (error) {
    throw toDatabaseError(error, `Database "${plan.name}" cannot be replaced`);
  }
  await replaceOnline(plan, waiting);
}

function describeKept(plan: OnlinePlan): string {
  return `It could not be told whether database "${plan.name}" had been replaced when the server stopped, so it was replaced now; what was there, with everything that was sold since, is kept as "${basename(keptPathOf(plan))}" beside it`;
}

/** Beside the live file, named after the restore. */
function keptPathOf({ folder, live }: OnlinePlan): string {
  const outer = basename(dirname(folder));
  invariant(outer.startsWith(STAGING_PREFIX), 'a staging folder bears its name');
  return `${live}.kept-${outer.slice(STAGING_PREFIX.length, STAGING_PREFIX.length + ID_DIGITS)}`;
}
