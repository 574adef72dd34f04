import { isWithin, resolveLinks } from './locations.js';
import {
  findFolderOverlaps,
  findRootOverlaps,
  type Place,
  type RootVariable,
  type TillRoot,
} from './till-roots.js';
import {
  isSameServerDatabase,
  type MetadataDatabase,
  type StorageLocation,
  type TillDatabase,
} from './urls.js';

/** Folders that the variables name. Absolute. */
export interface Folders {
  posRoot: string;
  dataDir: string;
  restoreDir: string;
  tempDir: string;
}

/** The till's database (null when its URL is a problem already) and its files. */
export interface Till {
  database: TillDatabase | null;
  roots: Record<RootVariable, readonly TillRoot[]>;
}

/** Everything that the configuration says of places; null: a problem already. */
export interface Locations extends Till {
  storage: StorageLocation | null;
  metadata: MetadataDatabase | null;
  folders: Folders;
  /** Absolute path of LOG_FILE. */
  logFile: string | null;
}

/**
 * Finds places that would be captured twice, captured by mistake, or written to by two.
 * @returns one line for each pair that is in each other's way, saying what to do
 */
export function findOverlaps({ database, roots, storage, metadata, folders, logFile }: Locations): string[] {
  const own: Place[] = [
    { variable: 'DATA_DIR', path: folders.dataDir },
    { variable: 'RESTORE_DIR', path: folders.restoreDir },
    { variable: 'TEMP_DIR', path: folders.tempDir },
  ];
  if (storage !== null) own.push({ variable: 'STORAGE_URL', path: storage.folder });
  const files: Place[] = [];
  if (database?.kind === 'sqlite') files.push({ variable: 'DATABASE_URL', path: database.path });
  if (metadata?.kind === 'sqlite' && !isWithin(metadata.path, folders.dataDir)) {
    files.push({ variable: 'METADATA_DATABASE_URL', path: metadata.path });
  }
  if (logFile !== null) files.push({ variable: 'LOG_FILE', path: logFile });
  return [
    ...findSharedDatabase(database, metadata),
    ...findDatabaseInFolder(database, own),
    ...findFolderOverlaps(own),
    ...findRootOverlaps(roots, [...files, ...own]),
  ];
}

function findSharedDatabase(database: TillDatabase | null, metadata: MetadataDatabase | null): string[] {
  if (database === null || metadata === null) return [];
  const isShared =
    database.kind === 'sqlite'
      ? metadata.kind === 'sqlite' && resolveLinks(database.path) === resolveLinks(metadata.path)
      : metadata.kind === database.kind && isSameServerDatabase(database.url, metadata.url);
  return isShared
    ? [
        "DATABASE_URL: expected the till's database, found Tillvault's own of METADATA_DATABASE_URL: give each its own",
      ]
    : [];
}

function findDatabaseInFolder(database: TillDatabase | null, own: readonly Place[]): string[] {
  if (database?.kind !== 'sqlite') return [];
  const real = resolveLinks(database.path);
  return own
    .filter((place) => isWithin(real, resolveLinks(place.path)))
    .map(
      (place) =>
        `DATABASE_URL: the till's database lies inside "${place.path}" of ${place.variable}: move one of them`,
    );
}
