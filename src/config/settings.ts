/**
 * The environment variables, each with its default and its shape. What depends on more than one variable, or on
 * what is on the disk, is checked in the other files of this folder.
 */
import { z } from 'zod';
import { describeProblem, quoteValue } from './config-error.js';
import { MONITORING_SETTINGS } from './monitoring-settings.js';
import { isSafeHttpUrl } from './safe-http-url.js';
import { wholeNumber } from './whole-number.js';

/** Environment variables by name. An empty one counts as absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
/** How much is logged; the names are pino's. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Shortest BACKUP_ENCRYPTION_KEY, in characters. */
export const MIN_ENCRYPTION_KEY_LENGTH = 16;
/** Shortest JWT_SECRET, in bytes: the length of an HS256 hash (RFC 7518 §3.2). */
export const MIN_JWT_SECRET_BYTES = 32;

const PORT = 'a whole number from 0 to 65535';
const HOOK_TIMEOUT = 'a whole number of seconds from 1 to 3600';
const VERIFY_DAYS = 'a whole number of days from 0 (never) to 365';
const GRACE = 'a whole number of seconds from 0 to 3600';

function pathList(expected: string) {
  return z
    .string()
    .transform((text) => text.split(',').map((path) => path.trim()))
    .refine((paths) => paths.every((path) => path !== '' && !path.includes('\0')), expected);
}

const PATHS = 'paths separated by commas, none of them empty';
const FOLDER = z.string().refine((path) => !path.includes('\0'), 'the path of a folder');

const SETTINGS = z.object({
  NODE_ENV: z
    .enum(['production', 'development', 'test'], 'production, development or test')
    .default('development'),
  HOST: z
    .string()
    .regex(/^[\w.:%-]+$/, 'a host name or IP address')
    .default('127.0.0.1'),
  PORT: wholeNumber(65_535, PORT).default(4000),
  LOG_LEVEL: z.enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(', ')}`).default('info'),
  SHUTDOWN_GRACE_SECONDS: wholeNumber(3600, GRACE).default(30),
  POS_ROOT: FOLDER.default('.'),
  DATABASE_URL: z.string().default('file:./prisma/dev.db'),
  CONFIG_PATHS: pathList(PATHS).default(['config']),
  CACHE_PATHS: pathList(PATHS).default(['cache']),
  FILES_PATHS: pathList(PATHS).default(['files']),
  DATA_DIR: FOLDER.default('./data'),
  RESTORE_DIR: FOLDER.default('./restore'),
  TEMP_DIR: FOLDER.default('./temp'),
  STORAGE_URL: z.string().default('file:./backups'),
  METADATA_DATABASE_URL: z.string().optional(),
  BACKUP_ENCRYPTION_KEY: z.string().optional(),
  JWT_SECRET: z.string().optional(),
  JWT_PUBLIC_KEY: z.string().optional(),
  JWT_JWKS_URL: z
    .string()
    .refine(isSafeHttpUrl, 'an https: URL (http: only for this machine) without user and password')
    .optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  CLEANUP_CRON: z.string().default('30 4 * * *'),
  HOOK_BEFORE_BACKUP: z.string().optional(),
  HOOK_AFTER_BACKUP: z.string().optional(),
  HOOK_BEFORE_RESTORE: z.string().optional(),
  HOOK_AFTER_RESTORE: z.string().optional(),
  HOOK_TIMEOUT_SECONDS: wholeNumber(3600, HOOK_TIMEOUT)
    .refine((seconds) => seconds >= 1, HOOK_TIMEOUT)
    .default(60),
  VERIFY_DAYS: wholeNumber(365, VERIFY_DAYS).default(30),
  RESTORE_TEST_CRON: z.string().default('30 3 * * 0'),
  REDIS_URL: z
    .string()
    .refine((text) => /^rediss?:\/\/[^/]/.test(text) && URL.canParse(text), 'a redis:// or rediss:// URL')
    .optional(),
  ...MONITORING_SETTINGS,
});

/** The variables, parsed one by one. */
export type Settings = z.output<typeof SETTINGS>;

/** Secrets that are set and too short to withstand guessing, one line each. */
export function findWeakSecrets({
  BACKUP_ENCRYPTION_KEY: passphrase,
  JWT_SECRET: secret,
}: Settings): string[] {
  const problems: string[] = [];
  if (passphrase !== undefined && [...passphrase].length < MIN_ENCRYPTION_KEY_LENGTH) {
    const expected = `at least ${MIN_ENCRYPTION_KEY_LENGTH} characters`;
    problems.push(
      describeProblem('BACKUP_ENCRYPTION_KEY', expected, describeValue('BACKUP_ENCRYPTION_KEY', passphrase)),
    );
  }
  if (secret !== undefined && Buffer.byteLength(secret) < MIN_JWT_SECRET_BYTES) {
    const expected = `at least ${MIN_JWT_SECRET_BYTES} bytes (openssl rand -hex 32 makes one)`;
    problems.push(describeProblem('JWT_SECRET', expected, describeValue('JWT_SECRET', secret)));
  }
  return problems;
}

const SECRETS: ReadonlySet<string> = new Set([
  'BACKUP_ENCRYPTION_KEY',
  'JWT_SECRET',
  'METRICS_TOKEN',
  'ALERT_WEBHOOK_URL',
  'ALERT_WEBHOOK_SECRET',
]);

/**
 * Parses each variable by itself. A wrong one adds a line to `problems` and counts as absent in the result, so that
 * the rest can be checked too; the result must not be used when there are problems.
 */
export function parseSettings(environment: Environment, problems: string[]): Settings {
  const usable: Record<string, string> = {};
  for (const [variable, shape] of Object.entries(SETTINGS.shape)) {
    const value = environment[variable];
    if (value === undefined || value === '') continue;
    const parsed = shape.safeParse(value);
    if (parsed.success) usable[variable] = value;
    else {
      const expected = parsed.error.issues[0]?.message ?? 'another value';
      problems.push(describeProblem(variable, expected, describeValue(variable, value)));
    }
  }
  return SETTINGS.parse(usable);
}

function describeValue(variable: string, value: string): string {
  return SECRETS.has(variable) ? `${[...value].length} characters` : quoteValue(value);
}
