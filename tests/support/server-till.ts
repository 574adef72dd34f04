/** An engine over a database on a server, in this thread: everything real, with the storage in memory or on disk. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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
import { MemoryStore } from '../../src/storage/memory-store.js';
import { backupRequest, CHEAP_KDF, PASSPHRASE, restoreRequest } from './engine-till.js';
import { MemoryJournal } from './memory-journal.js';

export class ServerTill {
  readonly engine: LocalEngine;
  readonly settings: TillSettings;
  readonly journal = new MemoryJournal();
  #runs = 0;

  private constructor(
    kind: 'postgresql' | 'mysql',
    url: string,
    readonly folder: string,
    isOnDisk: boolean,
  ) {
    this.settings = {
      database: { kind, url },
      configRoots: [],
      cacheRoots: [],
      filesRoots: [],
      tempDir: join(folder, 'temp'),
    };
    const clock = systemClock;
    this.engine = new LocalEngine(
      {
        store: isOnDisk
          ? new FileStore(join(folder, 'repository'), {
              uniqueName: () => systemRandom.uuid().replaceAll('-', ''),
            })
          : new MemoryStore(),
        clock,
        random: systemRandom.bytes,
        onWarning: () => {},
        sources: createSources(this.settings, { clock }),
        createTargets: (targetFolder) => createTargets(this.settings, { clock, targetFolder }),
        openScratch: (testId) => openScratch(this.settings, { clock, testId }),
        journal: isOnDisk ? new FileJournal(join(folder, 'journal')) : this.journal,
      },
      { passphrase: PASSPHRASE, kdfCost: CHEAP_KDF },
    );
  }

  static async open(kind: 'postgresql' | 'mysql', url: string): Promise<ServerTill> {
    const till = new ServerTill(kind, url, await mkdtemp(join(tmpdir(), 'tillvault-server-')), false);
    await till.engine.open({ mayCreate: true });
    return till;
  }

  /** With repository and journal in `folder`, or a fresh one, so that another process can take over. */
  static async openOnDisk(kind: 'postgresql' | 'mysql', url: string, folder?: string): Promise<ServerTill> {
    const place = folder ?? (await mkdtemp(join(tmpdir(), 'tillvault-server-')));
    const till = new ServerTill(kind, url, place, true);
    await till.engine.open({ mayCreate: folder === undefined });
    return till;
  }

  backup(options: { signal?: AbortSignal } = {}) {
    return this.engine.backup(backupRequest(`b${++this.#runs}`, { components: ['DATABASE'] }), options);
  }

  restore(
    snapshotId: string,
    changes: Parameters<typeof restoreRequest>[1] = {},
    options: Parameters<LocalEngine['restore']>[1] = {},
  ) {
    const restoreId = `r${++this.#runs}`;
    return this.engine.restore(
      restoreRequest(snapshotId, { restoreId, components: ['DATABASE'], ...changes }),
      options,
    );
  }

  /** As `restore`, and tells the engine that its end is known, as the server does. */
  async restoreAndForget(
    snapshotId: string,
    changes: Parameters<typeof restoreRequest>[1] = {},
  ): Promise<void> {
    const restoreId = `r${++this.#runs}`;
    await this.restore(snapshotId, { restoreId, ...changes });
    await this.forget(restoreId);
  }

  /** What the server does at its start with a restore whose end it does not know. */
  async recover(restoreId: string): Promise<void> {
    await this.engine.recoverRestores([unended(restoreId)]);
    await this.forget(restoreId);
  }

  /** Tells the engine that the end of a restore is known. */
  async forget(restoreId: string): Promise<void> {
    await this.engine.acknowledgeRestore(unended(restoreId));
  }

  /** What is left in TEMP_DIR. */
  async temporaryFiles(): Promise<string[]> {
    return readdir(this.settings.tempDir).catch(() => []);
  }

  async close(): Promise<void> {
    await this.engine.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function unended(restoreId: string) {
  return { restoreId, components: ['DATABASE' as const], targetFolder: null, paths: null };
}
