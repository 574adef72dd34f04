/**
 * The configuration of a server: environment variables in, one validated and frozen `Config` out. This file alone
 * reads `process.env`. README.md explains every variable.
 *
 * Relative folders of the till are relative to POS_ROOT; POS_ROOT and Tillvault's own folders are relative to the
 * folder that the server is started in.
 */
import { readFileSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError } from './config/config-error.js';
import { type GeneratedSecret, readOrMakeSecret } from './config/generated-secrets.js';
import { type HookCommands, readHooks } from './config/hooks.js';
import { isJwtKeyGiven, type JwtKey, type JwtSettings, readJwtKey } from './config/jwt-keys.js';
import { type MonitoringConfig, readMonitoring } from './config/monitoring-settings.js';
import { type Folders, findOverlaps, type Till } from './config/overlaps.js';
import {
  type Environment,
  findWeakSecrets,
  type LogLevel,
  parseSettings,
  type Settings,
} from './config/settings.js';
import { type RootVariable, resolveRoots, type TillRoot } from './config/till-roots.js';
import {
  readDatabaseUrl,
  readMetadataUrl,
  readStorageUrl,
  type StorageLocation,
  type TillDatabase,
} from './config/urls.js';
import type { Random } from './shared/random.js';

export { ConfigError } from './config/config-error.js';
export { digestConfig, listSecrets } from './config/config-secrets.js';
export type { GeneratedSecret } from './config/generated-secrets.js';
export type { JwtKey, JwtSettings } from './config/jwt-keys.js';
export type { LogFileConfig, MetricsConfig } from './config/monitoring-settings.js';
export { loadRecoveryConfig, type RecoveryConfig, readRecoveryDatabase } from './config/recovery-config.js';
export type { Environment, LogLevel } from './config/settings.js';
export type { TillRoot } from './config/till-roots.js';
export type { StorageLocation, TillDatabase } from './config/urls.js';

/** Everything that a server is told from outside. Every path is absolute. */
export interface Config extends MonitoringConfig {
  readonly isProduction: boolean;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly logLevel: LogLevel;
  /** How long running work may take to end after the signal to stop. */
  readonly shutdownGraceMs: number;
  readonly database: TillDatabase;
  readonly configRoots: readonly TillRoot[];
  readonly cacheRoots: readonly TillRoot[];
  readonly filesRoots: readonly TillRoot[];
  readonly posRoot: string;
  /** Tillvault's own state. */
  readonly dataDir: string;
  /** `file:` with an absolute path, or `postgresql://`; the latter may hold a password. */
  readonly metadataUrl: string;
  readonly storage: StorageLocation;
  readonly restoreDir: string;
  readonly tempDir: string;
  /** The folders of PATH: where the programs of the till's database are looked for first. */
  readonly programFolders: readonly string[];
  readonly encryptionKey: string;
  readonly jwt: JwtSettings;
  /** When expired backups are removed, in the time zone of this machine: five fields; null: only when asked for. */
  readonly cleanupCron: string | null;
  readonly hooks: HookCommands;
  readonly hookTimeoutMs: number;
  /** Within how many days every byte of the repository is read again; 0: never. */
  readonly verifyDays: number;
  /** When the newest backup is restored on trial, in the time zone of this machine: five fields; null: never. */
  readonly restoreTestCron: string | null;
  /** For several servers; nothing uses it yet. */
  readonly redisUrl: string | null;
  /** Secrets that were not configured, for the server to say where they are kept. */
  readonly generatedSecrets: readonly GeneratedSecret[];
  /** What production would refuse, one line each. */
  readonly warnings: readonly string[];
}

export interface LoadOptions {
  /** What relative paths are relative to. */
  cwd: string;
  random: Random;
}

/**
 * The environment of this process, on top of what a `.env` file in `cwd` says.
 * @throws ConfigError when there is a `.env` file that cannot be read
 */
export function readEnvironment(cwd: string): Environment {
  return { ...readEnvFile(join(cwd, '.env')), ...process.env };
}

/**
 * Validates `environment`. Touches the disk only to read keys, to resolve links, and, when all is well, to make the
 * secrets that are not configured (outside production).
 * @throws ConfigError with every problem
 */
export function loadConfig(environment: Environment, { cwd, random }: LoadOptions): Config {
  const problems: string[] = [];
  const settings = parseSettings(environment, problems);
  const folders = resolveFolders(settings, cwd);
  const till = readTill(settings, folders.posRoot, problems);
  const storage = readStorageUrl(settings.STORAGE_URL, cwd, problems);
  const metadata = readMetadataUrl(settings.METADATA_DATABASE_URL, {
    cwd,
    dataDir: folders.dataDir,
    problems,
  });
  const hooks = readHooks(settings, problems);
  const jwtKey = readJwtKey(environment, settings, { cwd, problems });
  const monitoring = readMonitoring(settings, { cwd, problems });
  const isProduction = settings.NODE_ENV === 'production';
  const weakSecrets = findWeakSecrets(settings);
  if (isProduction) problems.push(...findMissingSecrets(environment), ...weakSecrets);
  problems.push(
    ...findOverlaps({ ...till, storage, metadata, folders, logFile: monitoring.logFile?.path ?? null }),
  );
  if (problems.length > 0 || till.database === null || storage === null || metadata === null) {
    throw new ConfigError(problems);
  }
  const secrets = makeSecrets({ settings, jwtKey, dataDir: folders.dataDir, random });
  return freeze({
    isProduction,
    host: settings.HOST,
    port: settings.PORT,
    logLevel: settings.LOG_LEVEL,
    shutdownGraceMs: settings.SHUTDOWN_GRACE_SECONDS * 1000,
    database: till.database,
    configRoots: till.roots.CONFIG_PATHS,
    cacheRoots: till.roots.CACHE_PATHS,
    filesRoots: till.roots.FILES_PATHS,
    ...folders,
    programFolders: (environment.PATH ?? '').split(delimiter).filter(isAbsolute),
    metadataUrl: metadata.kind === 'sqlite' ? `file:${metadata.path}` : metadata.url,
    storage,
    encryptionKey: secrets.encryptionKey,
    jwt: {
      key: secrets.jwtKey,
      issuer: settings.JWT_ISSUER ?? null,
      audience: settings.JWT_AUDIENCE ?? null,
    },
    cleanupCron: environment.CLEANUP_CRON === '' ? null : settings.CLEANUP_CRON,
    hooks,
    hookTimeoutMs: settings.HOOK_TIMEOUT_SECONDS * 1000,
    verifyDays: settings.VERIFY_DAYS,
    restoreTestCron: environment.RESTORE_TEST_CRON === '' ? null : settings.RESTORE_TEST_CRON,
    redisUrl: settings.REDIS_URL ?? null,
    ...monitoring,
    generatedSecrets: secrets.generated,
    warnings: weakSecrets,
  });
}

function readEnvFile(path: string): Environment {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw new ConfigError([
      `${path}: cannot be read (${error instanceof Error ? error.message : String(error)})`,
    ]);
  }
}

function resolveFolders(settings: Settings, cwd: string): Folders {
  return {
    posRoot: resolve(cwd, settings.POS_ROOT),
    dataDir: resolve(cwd, settings.DATA_DIR),
    restoreDir: resolve(cwd, settings.RESTORE_DIR),
    tempDir: resolve(cwd, settings.TEMP_DIR),
  };
}

function readTill(settings: Settings, posRoot: string, problems: string[]): Till {
  const resolveAll = (variable: RootVariable) =>
    resolveRoots(variable, settings[variable], { posRoot, problems });
  return {
    database: readDatabaseUrl(settings.DATABASE_URL, posRoot, problems),
    roots: {
      CONFIG_PATHS: resolveAll('CONFIG_PATHS'),
      CACHE_PATHS: resolveAll('CACHE_PATHS'),
      FILES_PATHS: resolveAll('FILES_PATHS'),
    },
  };
}

function findMissingSecrets(environment: Environment): string[] {
  const problems: string[] = [];
  if ((environment.BACKUP_ENCRYPTION_KEY ?? '') === '') {
    problems.push(
      'BACKUP_ENCRYPTION_KEY: expected a value in production, found none (openssl rand -hex 32 makes one)',
    );
  }
  if (!isJwtKeyGiven(environment)) {
    problems.push('JWT_SECRET: expected it, JWT_PUBLIC_KEY or JWT_JWKS_URL in production, found none');
  }
  return problems;
}

function makeSecrets(options: {
  settings: Settings;
  jwtKey: JwtKey | null;
  dataDir: string;
  random: Random;
}) {
  const { settings, jwtKey, dataDir, random } = options;
  const generated: GeneratedSecret[] = [];
  const problems: string[] = [];
  const make = (variable: GeneratedSecret['variable']): string => {
    const made = readOrMakeSecret(dataDir, variable, random);
    if ('problem' in made) {
      problems.push(made.problem);
      return '';
    }
    generated.push(made.secret);
    return made.value;
  };
  const encryptionKey = settings.BACKUP_ENCRYPTION_KEY ?? make('BACKUP_ENCRYPTION_KEY');
  const key: JwtKey = jwtKey ?? { kind: 'secret', secret: make('JWT_SECRET') };
  if (problems.length > 0) throw new ConfigError(problems);
  return { encryptionKey, jwtKey: key, generated };
}

/** Freezes `value` and everything in it. */
function freeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) freeze(part);
  return Object.freeze(value);
}
