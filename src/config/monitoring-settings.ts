/** What the server tells of itself, and whom: the audit log, metrics, alerts and log files. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { describeProblem } from './config-error.js';
import { isSafeHttpUrl } from './safe-http-url.js';
import { wholeNumber } from './whole-number.js';

/** Shortest ALERT_WEBHOOK_SECRET and METRICS_TOKEN, in characters. */
const MIN_SECRET_LENGTH = 16;
const MAX_DAYS = 3650;

/** The variables, for the whole list in settings.ts. */
export const MONITORING_SETTINGS = {
  AUDIT_RETENTION_DAYS: wholeNumber(MAX_DAYS, 'a whole number of days from 1 to 3650', 1).default(400),
  METRICS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'printable ASCII characters without spaces')
    .optional(),
  METRICS_HOST: z
    .string()
    .regex(/^[\w.:%-]+$/, 'a host name or IP address')
    .optional(),
  METRICS_PORT: wholeNumber(65_535, 'a whole number from 0 to 65535').optional(),
  ALERT_WEBHOOK_URL: z
    .string()
    .refine(isSafeHttpUrl, 'an https: URL (http: only for this machine) without user and password')
    .optional(),
  ALERT_WEBHOOK_SECRET: z.string().optional(),
  ALERT_REPEAT_HOURS: wholeNumber(8760, 'a whole number of hours from 1 to 8760', 1).default(24),
  ALERT_MIN_FREE_PERCENT: wholeNumber(99, 'a whole number from 0 (never) to 99').default(10),
  ALERT_MAX_AGE_HOURS: wholeNumber(8760, 'a whole number of hours from 0 (never) to 8760').default(0),
  LOG_FILE: z
    .string()
    .refine((path) => !path.includes('\0') && !path.endsWith('/'), 'the path of a file')
    .optional(),
  LOG_FILE_MAX_MB: wholeNumber(10_000, 'a whole number of megabytes from 1 to 10000', 1).default(20),
  LOG_FILES_KEPT: wholeNumber(1000, 'a whole number from 1 to 1000', 1).default(14),
};

/** The variables, parsed one by one. */
type MonitoringSettings = z.output<z.ZodObject<typeof MONITORING_SETTINGS>>;

/** Who may see the metrics, and where. */
export interface MetricsConfig {
  /** What a scraper may show instead of an administrator's token; null: nothing. */
  readonly token: string | null;
  /** Where metrics are served without a token; null: nowhere. */
  readonly listen: { readonly host: string; readonly port: number } | null;
}

/** Who is told of what, and how often. */
export interface AlertsConfig {
  /** Null: alerts are only kept. The path may be a secret: never log it. */
  readonly webhook: { readonly url: string; readonly secret: string } | null;
  /** How long the same alert is not told again while it lasts. */
  readonly repeatMs: number;
  /** Free space below which an alert is raised, in percent of all; 0: never. */
  readonly minFreePercent: number;
  /** Age of the newest good backup above which an alert is raised; null: never. */
  readonly maxAgeMs: number | null;
}

/** A file that the log is written to as well. */
export interface LogFileConfig {
  /** Absolute; a number is put before the extension. */
  readonly path: string;
  readonly maxBytes: number;
  /** Older files beside the one that is written. */
  readonly kept: number;
}

/** What all of it means. */
export interface MonitoringConfig {
  readonly auditRetentionDays: number;
  readonly metrics: MetricsConfig;
  readonly alerts: AlertsConfig;
  readonly logFile: LogFileConfig | null;
}

const HOUR_MS = 60 * 60 * 1_000;

/** Checks what depends on more than one of the variables. @returns what they mean, not to be used with problems */
export function readMonitoring(
  settings: MonitoringSettings,
  { cwd, problems }: { cwd: string; problems: string[] },
): MonitoringConfig {
  checkSecret('METRICS_TOKEN', settings.METRICS_TOKEN, problems);
  checkSecret('ALERT_WEBHOOK_SECRET', settings.ALERT_WEBHOOK_SECRET, problems);
  const { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: secret, LOG_FILE: path } = settings;
  if (url !== undefined && secret === undefined) {
    const expected =
      'a secret to sign alerts with when ALERT_WEBHOOK_URL is set (openssl rand -hex 32 makes one)';
    problems.push(describeProblem('ALERT_WEBHOOK_SECRET', expected, 'none'));
  }
  if (settings.METRICS_HOST !== undefined && settings.METRICS_PORT === undefined) {
    problems.push(describeProblem('METRICS_PORT', 'a port when METRICS_HOST is set', 'none'));
  }
  return {
    auditRetentionDays: settings.AUDIT_RETENTION_DAYS,
    metrics: {
      token: settings.METRICS_TOKEN ?? null,
      listen:
        settings.METRICS_PORT === undefined
          ? null
          : { host: settings.METRICS_HOST ?? '127.0.0.1', port: settings.METRICS_PORT },
    },
    alerts: {
      webhook: url === undefined || secret === undefined ? null : { url, secret },
      repeatMs: settings.ALERT_REPEAT_HOURS * HOUR_MS,
      minFreePercent: settings.ALERT_MIN_FREE_PERCENT,
      maxAgeMs: settings.ALERT_MAX_AGE_HOURS === 0 ? null : settings.ALERT_MAX_AGE_HOURS * HOUR_MS,
    },
    logFile:
      path === undefined
        ? null
        : {
            path: resolve(cwd, path),
            maxBytes: settings.LOG_FILE_MAX_MB * 1e6,
            kept: settings.LOG_FILES_KEPT,
          },
  };
}

function checkSecret(variable: string, value: string | undefined, problems: string[]): void {
  if (value === undefined || [...value].length >= MIN_SECRET_LENGTH) return;
  const expected = `at least ${MIN_SECRET_LENGTH} characters`;
  problems.push(describeProblem(variable, expected, `${[...value].length} characters`));
}
