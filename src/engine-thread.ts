/**
 * Entry of the engine's worker thread, and its composition root: joins the engine with the storage and the till.
 * Everything that it needs arrives as plain data from `app.ts`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { LocalEngine, serveEngine } from './engine/index.js';
import { systemClock } from './shared/clock.js';
import { invariant } from './shared/errors.js';
import { systemRandom } from './shared/random.js';
import { createSources, createTargets, type TillSettings } from './sources/create-sources.js';
import { FileStore } from './storage/file-store.js';

/** What the thread is started with. */
export interface EngineThreadSettings {
  /** Absolute folder of the repository. */
  storageFolder: string;
  /** BACKUP_ENCRYPTION_KEY. */
  passphrase: string;
  till: TillSettings;
}

invariant(parentPort, 'the engine runs in a worker thread');
const port = parentPort;
const settings = workerData as EngineThreadSettings;
const clock = systemClock;

const engine = new LocalEngine(
  {
    store: new FileStore(settings.storageFolder, {
      uniqueName: () => systemRandom.uuid().replaceAll('-', ''),
    }),
    clock,
    random: systemRandom.bytes,
    onWarning: (message) => port.postMessage({ kind: 'warning', message }),
    sources: createSources(settings.till, { clock }),
    createTargets: (targetFolder) => createTargets(settings.till, { clock, targetFolder }),
  },
  { passphrase: settings.passphrase },
);
serveEngine(port, engine, clock);
