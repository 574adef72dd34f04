/**
 * Entry of the short-lived thread that migrates the metadata database, started by `migrate-in-thread.ts`.
 * What it posts to its parent is one `MigrationAnswer`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { AppError, invariant } from '../shared/errors.js';
import { createMetadataAdapter } from './metadata-adapter.js';
import { migrate } from './migrate.js';
import type { MigrationAnswer, MigrationSettings } from './migrate-in-thread.js';

invariant(parentPort, 'migrations run in a worker thread');
const { url } = workerData as MigrationSettings;
const answer = await answerFor(url);
parentPort.postMessage(answer);

async function answerFor(metadataUrl: string): Promise<MigrationAnswer> {
  try {
    const { provider, adapter } = await createMetadataAdapter(metadataUrl);
    return { ok: true, applied: await migrate(provider, adapter) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error; // reaches the parent as the thread's failure
    return { ok: false, message: error.message, trace: describe(error) };
  }
}

/** The engine's errors are plain objects here and there, so the trace is text. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error) ?? String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\nCaused by: ${describe(error.cause)}`;
}
