import type { Capture, Source, SourceSize, Target } from '../engine/index.js';
import type { Clock } from '../shared/clock.js';
import type { Component } from '../shared/component.js';
import { SourceError } from '../shared/errors.js';
import { FolderSource } from './folder-source.js';
import { FolderTarget } from './folder-target.js';
import type { Root } from './root.js';
import { SqliteSource } from './sqlite-source.js';
import { SqliteTarget } from './sqlite-target.js';

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
}

/** A source for every component of the till. */
export function createSources(settings: TillSettings, { clock }: { clock: Clock }): Map<Component, Source> {
  const { database, tempDir } = settings;
  const databaseSource =
    database.kind === 'sqlite'
      ? new SqliteSource(database.path, { clock, tempDir })
      : new UnsupportedDatabase(database.kind);
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
    ['DATABASE', createDatabaseTarget(settings.database, clock, targetFolder)],
    ['CONFIG', folderTarget('CONFIG', settings.configRoots)],
    ['CACHE', folderTarget('CACHE', settings.cacheRoots)],
    ['FILES', folderTarget('FILES', settings.filesRoots)],
  ]);
}

function createDatabaseTarget(database: DatabaseSettings, clock: Clock, targetFolder: string | null): Target {
  if (targetFolder !== null) return new SqliteTarget({ kind: 'beside', folder: targetFolder }, { clock });
  if (database.kind !== 'sqlite') return new UnsupportedDatabase(database.kind);
  return new SqliteTarget({ kind: 'live', path: database.path }, { clock });
}

/** Stands for a database of a kind that is not served yet, so that everything else can be backed up and restored. */
class UnsupportedDatabase implements Source, Target {
  readonly component = 'DATABASE';
  readonly description: string;

  constructor(kind: 'postgresql' | 'mysql') {
    this.description = kind;
  }

  async scan(): Promise<SourceSize> {
    throw this.#refusal();
  }

  async capture(): Promise<Capture> {
    throw this.#refusal();
  }

  async plan(): Promise<void> {
    throw this.#refusal();
  }

  async stage(): Promise<never> {
    throw this.#refusal();
  }

  #refusal(): SourceError {
    return new SourceError(
      `Databases of ${this.description} are not supported yet, expected file:<path> of an SQLite database at DATABASE_URL`,
    );
  }
}
