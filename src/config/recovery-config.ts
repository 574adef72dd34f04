/** What `tillvault recover` is told from outside: only the storage and the key are needed, the rest has uses of its own. */
import { resolve } from 'node:path';
import { ConfigError } from './config-error.js';
import { readKeptSecret } from './generated-secrets.js';
import { type Environment, parseSettings } from './settings.js';
import {
  readDatabaseUrl,
  readMetadataUrl,
  readStorageUrl,
  type StorageLocation,
  type TillDatabase,
} from './urls.js';

/** Every path is absolute. */
export interface RecoveryConfig {
  readonly storage: StorageLocation;
  /** Null when BACKUP_ENCRYPTION_KEY is not set and DATA_DIR keeps none. */
  readonly encryptionKey: string | null;
  /** As in `Config`. */
  readonly metadataUrl: string;
  readonly tempDir: string;
}

/** What of the environment a recovery looks at: a wrong value elsewhere must not stop it. */
const VARIABLES = [
  'STORAGE_URL',
  'BACKUP_ENCRYPTION_KEY',
  'DATA_DIR',
  'TEMP_DIR',
  'METADATA_DATABASE_URL',
] as const;

/**
 * Validates what a recovery needs. Makes nothing, least of all a key.
 * @param options.storageUrl in the place of STORAGE_URL
 * @throws ConfigError with every problem
 */
export function loadRecoveryConfig(
  environment: Environment,
  { cwd, storageUrl }: { cwd: string; storageUrl?: string | undefined },
): RecoveryConfig {
  const problems: string[] = [];
  const wanted = Object.fromEntries(VARIABLES.map((variable) => [variable, environment[variable]]));
  const settings = parseSettings(wanted, problems);
  const dataDir = resolve(cwd, settings.DATA_DIR);
  const storage = readStorageUrl(storageUrl ?? settings.STORAGE_URL, cwd, problems);
  const metadata = readMetadataUrl(settings.METADATA_DATABASE_URL, { cwd, dataDir, problems });
  const kept = settings.BACKUP_ENCRYPTION_KEY ?? readKeptSecret(dataDir, 'BACKUP_ENCRYPTION_KEY');
  if (typeof kept === 'object' && kept !== null) problems.push(kept.problem);
  if (problems.length > 0 || storage === null || metadata === null) throw new ConfigError(problems);
  return {
    storage,
    encryptionKey: typeof kept === 'string' ? kept : null,
    metadataUrl: metadata.kind === 'sqlite' ? `file:${metadata.path}` : metadata.url,
    tempDir: resolve(cwd, settings.TEMP_DIR),
  };
}

/**
 * The database that `text` or, when it is null, DATABASE_URL names; relative paths are relative to `cwd`, or for
 * DATABASE_URL to POS_ROOT.
 * @throws ConfigError when it names none
 */
export function readRecoveryDatabase(
  text: string | null,
  environment: Environment,
  { cwd }: { cwd: string },
): TillDatabase {
  const problems: string[] = [];
  const { DATABASE_URL, POS_ROOT } = environment;
  if (text === null && !DATABASE_URL)
    problems.push('DATABASE_URL: expected a database to restore to, found none');
  const base = text === null ? resolve(cwd, POS_ROOT || '.') : cwd;
  const database = problems.length > 0 ? null : readDatabaseUrl(text ?? DATABASE_URL ?? '', base, problems);
  if (database === null) throw new ConfigError(problems);
  return database;
}
