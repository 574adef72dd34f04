/** Entry of a worker thread for tests: an engine over a till in memory, which does as its files say. */
import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { currentCall, serveEngine } from '../../src/engine/index.js';
import { systemClock } from '../../src/shared/clock.js';
import { IntegrityError } from '../../src/shared/errors.js';
import { FileStore } from '../../src/storage/file-store.js';
import { createEngineTill } from './engine-till.js';
import type { MemoryTree } from './memory-till.js';

/** What the thread is started with. */
export interface EngineWorkerSettings {
  storageFolder: string;
  passphrase: string;
  /** Bytes of the file that is backed up. */
  sizeBytes: number;
  /** What happens when the file is read. */
  onRead: 'nothing' | 'exit' | 'throw later' | 'integrity error';
}

const settings = workerData as EngineWorkerSettings;
const tree: MemoryTree = new Map([['file', { kind: 'file', content: randomBytes(settings.sizeBytes) }]]);
const store = new FileStore(settings.storageFolder, { uniqueName: () => randomBytes(16).toString('hex') });
const { engine, sources } = createEngineTill(
  { FILES: tree },
  {
    store,
    passphrase: settings.passphrase,
    onWarning: (message) => parentPort!.postMessage({ kind: 'warning', message, id: currentCall() }),
  },
);
sources.get('FILES')!.onRead = () => {
  switch (settings.onRead) {
    case 'exit':
      process.exit(3);
      break;
    case 'throw later':
      setImmediate(() => {
        throw new Error('Thrown outside of any call');
      });
      break;
    case 'integrity error':
      throw new IntegrityError('Told to fail', {
        details: { path: 'file', count: 2 },
        retryable: true,
        cause: new Error('the cause'),
      });
    default:
  }
};
serveEngine(parentPort!, engine, systemClock);
