import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ScratchPlace, Source, Target } from '../engine/index.js';
import type { Clock } from '../shared/clock.js';
import type { Component } from '../shared/component.js';
import { FolderSource } from './folder-source.js';
import { FolderTarget } from './folder-target.js';
import { removeTree } from './remove-tree.js';
import type { Root } from './root.js';
import { createServerSource, createServerTarget, type ServerOptions } from './server-database.js';
import { SqliteSource } from './sqlite-source.js';
import { SqliteTarget } from './sqlite-target.js';
import { toAppError } from './system-error.js';

/** The till's database, as the configuration names it. */
export type DatabaseSettings =
  | { kind: 'sqlite'; path: string }
  /** `url` holds a password: never logged, never in a message. */
  | { kind: 'postgresql' | 'mysql'; url: string };

/** Where the till is. Plain data, so that it can be handed to a worker thread. Every path is absolute. */
export interface TillSettings {
  database: Readonly<DatabaseSettings>;
  configRoots: readonly Root[];
  cacheRoots: readonly Root[];
  filesRoots: readonly Root[];
  tempDir: string;
  /** Absolute folders where the database's own programs are looked for, before the usual ones. */
  programFolders?: readonly string[];
}

/** A source for every component of the till. */
export function createSources(settings: TillSettings, { clock }: { clock: Clock }): Map<Component, Source> {
  const { database, tempDir } = settings;
  const databaseSource =
    database.kind === 'sqlite'
      ? new SqliteSource(database.path, { clock, tempDir })
      : createServerSource(database, { ...serverOptions(settings), clock });
  return new Map<Component, Source>([
    ['DATABASE', databaseSource],
    ['CONFIG', new FolderSource('CONFIG', settings.configRoots, { clock })],
    ['CACHE', new FolderSource('CACHE', settings.cacheRoots, { clock })],
    ['FILES', new FolderSource('FILES', settings.filesRoots, { clock })],
  ]);
}

/**
 * A target for every component of the till.
 * @param options.targetFolder absolute folder to restore into, empty or absent; null: the live place
 */
export function createTargets(
  settings: TillSettings,
  { clock, targetFolder }: { clock: Clock; targetFolder: string | null },
): Map<Component, Target> {
  const folderTarget = (component: Component, roots: readonly Root[]) =>
    new FolderTarget(
      component,
      targetFolder === null ? { kind: 'live', roots } : { kind: 'beside', folder: targetFolder },
    );
  return new Map<Component, Target>([
    ['DATABASE', createDatabaseTarget(settings, clock, targetFolder)],
    ['CONFIG', folderTarget('CONFIG', settings.configRoots)],
    ['CACHE', folderTarget('CACHE', settings.cacheRoots)],
    ['FILES', folderTarget('FILES', settings.filesRoots)],
  ]);
}

/**
 * A folder of its own below `tempDir` for one restore test, and targets that restore into it; a database on a server
 * is restored into a fresh one on the same server, beside the live one.
 * @throws StorageError, SourceError when the folder cannot be made
 */
export function openScratch(
  settings: TillSettings,
  { clock, testId }: { clock: Clock; testId: string },
): ScratchPlace {
  const folder = join(settings.tempDir, `restore-test-${testId}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw toAppError(error, 'A place for the restore test cannot be made in TEMP_DIR');
  }
  const targets = createTargets(settings, { clock, targetFolder: join(folder, 'restored') });
  const { database } = settings;
  if (database.kind !== 'sqlite')
    targets.set('DATABASE', createServerTarget(database, serverOptions(settings)));
  return { targets, remove: () => removeTree(Buffer.from(folder)) };
}

/** A dump that is restored beside the live data is a file, which the database's own programs can load. */
function createDatabaseTarget(settings: TillSettings, clock: Clock, targetFolder: string | null): Target {
  const { database } = settings;
  if (database.kind === 'sqlite') {
    const { path } = database;
    const live = { kind: 'live', path } as const;
    return new SqliteTarget(targetFolder === null ? live : { kind: 'beside', folder: targetFolder }, {
      clock,
    });
  }
  if (targetFolder !== null) return new FolderTarget('DATABASE', { kind: 'beside', folder: targetFolder });
  return createServerTarget(database, serverOptions(settings));
}

function serverOptions({ programFolders = [], tempDir }: TillSettings): ServerOptions {
  return { programFolders, tempDir };
}
