import { Worker } from 'node:worker_threads';
import { StorageError } from '../shared/errors.js';

/** What the thread is started with. */
export interface MigrationSettings {
  /** The metadata database. May hold a password. */
  url: string;
}

/** What the thread answers: the names of the migrations that it applied, or why it could not. */
export type MigrationAnswer = { ok: true; applied: string[] } | { ok: false; message: string; trace: string };

/**
 * Migrates the metadata database at `url` in a thread that has ended before this settles. The schema engine is
 * WebAssembly, whose memory only ever grows: the thread gives all of it back.
 * @returns the names of the migrations that were applied
 * @throws StorageError as `migrate`
 */
export async function migrateInThread(url: string): Promise<string[]> {
  const settings: MigrationSettings = { url };
  const worker = new Worker(new URL('./migration-thread.js', import.meta.url), {
    workerData: settings,
    name: 'migration',
  });
  try {
    const answer = await new Promise<MigrationAnswer>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('The thread that migrates ended without an answer')));
    });
    if (answer.ok) return answer.applied;
    throw new StorageError('SERVICE_UNAVAILABLE', answer.message, { cause: new Error(answer.trace) });
  } finally {
    await worker.terminate();
  }
}
