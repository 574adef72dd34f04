/**
 * The composition root of `tillvault recover`: an engine over the storage, and the metadata when it is to be rebuilt.
 * Needs no server, no metadata and no till, and never makes a repository.
 */
import { join } from 'node:path';
import {
  type Engine,
  type JournalEntry,
  LocalEngine,
  type RestoreJournal,
  type Target,
} from './engine/index.js';
import { rebuildBackups } from './services/metadata-rebuild.js';
import { systemClock } from './shared/clock.js';
import type { Component } from './shared/component.js';
import { invariant } from './shared/errors.js';
import { systemRandom } from './shared/random.js';
import { createTargets, type DatabaseSettings } from './sources/create-sources.js';
import { FolderTarget } from './sources/folder-target.js';
import { FileStore } from './storage/file-store.js';

/** What an offline app is opened with. */
export interface OfflineSettings {
  /** Absolute folder of the repository. */
  storageFolder: string;
  /** BACKUP_ENCRYPTION_KEY. */
  passphrase: string;
  tempDir: string;
}

/** Where a restore goes to. */
export interface OfflineDestination {
  /** Absolute folder that takes each component in a folder of its name; null when there is only a database. */
  folder: string | null;
  /** In the place of a folder for DATABASE. */
  database: DatabaseSettings | null;
  /** Whether what is there may be replaced: a database that holds tables, and files in `folder`. */
  mayReplace: boolean;
  /** Name of the SQLite database's file; null when the backup holds none, or the dump of a server's database. */
  databaseFile: string | null;
}

/** The engine without a server. */
export interface OfflineApp {
  readonly engine: Pick<LocalEngine, 'listSnapshots' | 'verify' | 'scrub'>;
  /** Ids of snapshots that the last listing found damaged, and left out. */
  unreadableSnapshots(): string[];
  /** An engine that restores to `destination`. */
  restoreTo(destination: OfflineDestination): Pick<Engine, 'restore'>;
  /**
   * Adds a row for every backup that the metadata at `metadataUrl` does not know.
   * @throws StorageError when the database cannot be reached, written or migrated
   */
  rebuildMetadata(metadataUrl: string): Promise<{ known: number; rebuilt: number }>;
  close(): Promise<void>;
}

/**
 * Opens the repository.
 * @param onWarning told of damage that was worked around
 * @throws KeyError when the key is not the repository's, NotFoundError when there is none, IntegrityError, StorageError
 */
export async function openOfflineApp(
  settings: OfflineSettings,
  onWarning: (message: string) => void,
): Promise<OfflineApp> {
  const clock = systemClock;
  const uniqueName = () => systemRandom.uuid().replaceAll('-', '');
  let destination: OfflineDestination | null = null;
  const engine = new LocalEngine(
    {
      store: new FileStore(settings.storageFolder, { uniqueName }),
      clock,
      random: systemRandom.bytes,
      onWarning,
      sources: new Map(),
      createTargets: () => {
        invariant(destination, 'a restore has a destination');
        return createOfflineTargets(destination, settings);
      },
      journal: createJournal(),
    },
    { passphrase: settings.passphrase },
  );
  await engine.openUnread();
  return {
    engine,
    unreadableSnapshots: () => engine.unreadableSnapshots(),
    restoreTo: (chosen) => {
      destination = chosen;
      return engine;
    },
    rebuildMetadata: async (metadataUrl) => {
      const snapshots = await engine.listSnapshots();
      // Loaded here: nothing else needs a database, and loading it takes longer than listing backups.
      const { openMetadata } = await import('./db/metadata.js');
      const metadata = await openMetadata(metadataUrl);
      try {
        const known = new Set((await metadata.backups.listStates()).map(({ id }) => id));
        const unknown = snapshots.filter(({ backupId }) => !known.has(backupId));
        return { known: known.size, rebuilt: await rebuildBackups(metadata.backups, unknown) };
      } finally {
        await metadata.close();
      }
    },
    close: () => engine.close(),
  };
}

function createOfflineTargets(
  { folder, database, mayReplace, databaseFile }: OfflineDestination,
  { tempDir }: OfflineSettings,
): Map<Component, Target> {
  const clock = systemClock;
  const noRoots = { configRoots: [], cacheRoots: [], filesRoots: [], tempDir };
  const targetFor = (settings: DatabaseSettings, targetFolder: string | null) =>
    createTargets({ ...noRoots, database: settings }, { clock, targetFolder }).get('DATABASE');
  const targets = new Map<Component, Target>();
  if (folder !== null) {
    for (const component of ['CONFIG', 'CACHE', 'FILES'] as const)
      targets.set(component, new FolderTarget(component, { kind: 'beside', folder, mayReplace }));
  }
  const inFolder = (path: string) =>
    databaseFile === null
      ? new FolderTarget('DATABASE', { kind: 'beside', folder: path, mayReplace })
      : targetFor({ kind: 'sqlite', path: join(path, 'database', databaseFile) }, mayReplace ? null : path);
  const databaseTarget = database ? targetFor(database, null) : folder && inFolder(folder);
  if (databaseTarget) targets.set('DATABASE', databaseTarget);
  return targets;
}

/** A journal for this process only. What it would tell the next start, the operator is told at once. */
function createJournal(): RestoreJournal {
  const entries = new Map<string, JournalEntry>();
  return {
    write: async (entry) => {
      entries.set(entry.restoreId, entry);
    },
    remove: async (restoreId) => {
      entries.delete(restoreId);
    },
    list: async () => [...entries.values()],
  };
}
