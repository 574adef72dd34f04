import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { readOrMakeInstanceId } from '../config/instance-id.js';
import type { Config } from '../config.js';
import type { Metadata } from '../db/metadata.js';
import { type Engine, WorkerEngine } from '../engine/index.js';
import type { EngineThreadSettings } from '../engine-thread.js';
import { NotFoundError, StorageError } from '../shared/errors.js';
import type { Random } from '../shared/random.js';

/** The engine in its thread, which is started when it is opened. */
export function createEngine(config: Config, { logger, random }: { logger: Logger; random: Random }): Engine {
  const { database, configRoots, cacheRoots, filesRoots, programFolders } = config;
  const instanceId = readOrMakeInstanceId(config.dataDir, random);
  const tempDir = join(config.tempDir, instanceId);
  const settings: EngineThreadSettings = {
    storageFolder: config.storage.folder,
    passphrase: config.encryptionKey,
    till: { database, configRoots, cacheRoots, filesRoots, tempDir, programFolders },
    journalFolder: join(config.dataDir, 'journal'),
    instanceId,
  };
  return new WorkerEngine({
    startWorker: () =>
      new Worker(new URL('../engine-thread.js', import.meta.url), { workerData: settings, name: 'engine' }),
    onWarning: (message, error) => logger.warn({ err: error }, message),
  });
}

/** A storage without a repository is a new one only when no backup is known: otherwise it is not mounted, or the wrong one. */
export async function openRepository(engine: Engine, metadata: Metadata): Promise<void> {
  const known = await metadata.backups.countCompleted();
  try {
    await engine.open({ mayCreate: known === 0 });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new StorageError(
      'SERVICE_UNAVAILABLE',
      `${known} backups are known, but STORAGE_URL holds no repository; check that the storage is mounted and is the right one`,
      { cause: error },
    );
  }
}
