/** A till on disk with an engine over it, in this thread: everything real but the thread and the server. */
import { join } from 'node:path';
import { LocalEngine } from '../../src/engine/index.js';
import { systemClock } from '../../src/shared/clock.js';
import { systemRandom } from '../../src/shared/random.js';
import {
  createSources,
  createTargets,
  openScratch,
  type TillSettings,
} from '../../src/sources/create-sources.js';
import { FileJournal } from '../../src/sources/file-journal.js';
import { FileStore } from '../../src/storage/file-store.js';
import { CHEAP_KDF, PASSPHRASE } from './engine-till.js';

export interface DiskTill {
  engine: LocalEngine;
  database: string;
  files: string;
  /** What the engine warned of. */
  warnings: string[];
}

/** Opens an engine over `folder`, with the till's `pos.db` and `files`, and a repository of its own beside them. */
export async function openDiskTill(folder: string): Promise<DiskTill> {
  const database = join(folder, 'pos.db');
  const files = join(folder, 'files');
  const warnings: string[] = [];
  const till: TillSettings = {
    database: { kind: 'sqlite', path: database },
    configRoots: [],
    cacheRoots: [],
    filesRoots: [{ label: 'files', path: files }],
    tempDir: join(folder, 'temp'),
  };
  const clock = systemClock;
  const engine = new LocalEngine(
    {
      store: new FileStore(join(folder, 'repository'), {
        uniqueName: () => systemRandom.uuid().replaceAll('-', ''),
      }),
      clock,
      random: systemRandom.bytes,
      onWarning: (message) => warnings.push(message),
      sources: createSources(till, { clock }),
      createTargets: (targetFolder) => createTargets(till, { clock, targetFolder }),
      journal: new FileJournal(join(folder, 'journal')),
      openScratch: (testId) => openScratch(till, { clock, testId }),
    },
    { passphrase: PASSPHRASE, kdfCost: CHEAP_KDF },
  );
  await engine.open({ mayCreate: true });
  return { engine, database, files, warnings };
}
