/**
 * Entry of the engine's worker thread, and its composition root: joins the engine with the storage and the till.
 * Everything that it needs arrives as plain data from `app.ts`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { currentCall, type FromEngine, LocalEngine, serveEngine } from './engine/index.js';
import { systemClock } from './shared/clock.js';
import { invariant } from './shared/errors.js';
import { systemRandom } from './shared/random.js';
import { createSources, createTargets, openScratch, type TillSettings } from './sources/create-sources.js';
import { FileJournal } from './sources/file-journal.js';
import { removeTree } from './sources/remove-tree.js';
import { FileStore } from './storage/file-store.js';

/** Temporary objects of other servers that are older than this belong to dead ones. */
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1_000;

/** What the thread is started with. */
export interface EngineThreadSettings {
  /** Absolute folder of the repository. */
  storageFolder: string;
  /** BACKUP_ENCRYPTION_KEY. */
  passphrase: string;
  /** Its `tempDir` is this server's own: it is emptied. */
  till: TillSettings;
  /** Absolute folder of the journal of restores. */
  journalFolder: string;
  /** Names this server's temporary files: lower-case hex. */
  instanceId: string;
}

invariant(parentPort, 'the engine runs in a worker thread');
const port = parentPort;
const settings = workerData as EngineThreadSettings;
const clock = systemClock;

const warn = (message: string) =>
  port.postMessage({ kind: 'warning', message, id: currentCall() } satisfies FromEngine);
const store = new FileStore(settings.storageFolder, {
  uniqueName: () => settings.instanceId + systemRandom.uuid().replaceAll('-', ''),
});
await removeLeftovers();
const engine = new LocalEngine(
  {
    store,
    clock,
    random: systemRandom.bytes,
    onWarning: warn,
    instanceId: settings.instanceId,
    sources: createSources(settings.till, { clock }),
    createTargets: (targetFolder) => createTargets(settings.till, { clock, targetFolder }),
    journal: new FileJournal(settings.journalFolder),
    openScratch: (testId) => openScratch(settings.till, { clock, testId }),
  },
  { passphrase: settings.passphrase },
);
serveEngine(port, engine, clock);

/** What an earlier thread left, of this process or a dead one. Whatever is wrong with the places shows when they are used. */
async function removeLeftovers(): Promise<void> {
  try {
    removeTree(Buffer.from(settings.till.tempDir));
    const before = new Date(clock.now().getTime() - LEFTOVER_AGE_MS);
    await store.removeLeftovers({ ownPrefix: settings.instanceId, before });
  } catch (error) {
    warn(`Temporary files of an earlier run cannot be removed: ${String(error)}`);
  }
}
