import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import pino, { type DestinationStream, type Logger } from 'pino';
import type { SonicBoom } from 'sonic-boom';
import type { LogFileConfig, LogLevel } from '../config.js';
import { MiB } from '../shared/bytes.js';
import { StorageError } from '../shared/errors.js';
import { logContext } from '../shared/log-context.js';

/** What is logged, and where to. */
export interface LoggerOptions {
  level: LogLevel;
  /** Beside standard error; null: nowhere. */
  file: LogFileConfig | null;
  /** Texts that must be in no line. */
  secrets: readonly string[];
  /** In the place of standard error. */
  standardError?: DestinationStream;
}

/** A logger that is closed when its process ends. */
export interface OpenLogger {
  logger: Logger;
  /** Writes what is still to be written to the file. */
  close(): Promise<void>;
}

/** Lines that wait for a disk that is full; what comes after is lost in the file, not on standard error. */
const MAX_WAITING_BYTES = 4 * MiB;
/** How long the end of the server waits for a disk that does not take the last lines. */
const END_LIMIT_MS = 2_000;
const REDACTED = '[redacted]';
/** Names under which a secret may come into a line, at the top of it and one level below. */
const SECRET_FIELDS = ['authorization', 'cookie', 'password', 'passphrase', 'secret', 'token'];
/** A token, wherever it stands. */
const TOKEN = /\beyJ[\w-]{4,}\.[\w-]+\.[\w-]*/g;
/** User and password of an address. */
const CREDENTIALS = /(\w:\/\/)[^\s/"?#@\\]+@/g;

/**
 * JSON lines on standard error and, if asked for, in a file that is rotated by size and each day. Every line carries
 * the ids of `logContext`, and no secret, whatever field or message it came in.
 * @throws StorageError when the file cannot be written
 */
export async function createLogger({
  level,
  file,
  secrets,
  standardError = pino.destination({ dest: 2, sync: false }),
}: LoggerOptions): Promise<OpenLogger> {
  const rolling = file === null ? null : await openRollingFile(file);
  const destination: DestinationStream = rolling
    ? pino.multistream([
        { level: 'trace', stream: standardError },
        { level: 'trace', stream: rolling },
      ])
    : standardError;
  const hide = createScrubber(secrets);
  const logger = pino(
    {
      level,
      mixin: () => ({ ...logContext() }),
      redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: REDACTED },
      hooks: { streamWrite: hide },
    },
    destination,
  );
  return { logger, close: () => (rolling === null ? Promise.resolve() : endFile(rolling)) };
}

/** @returns takes `secrets`, tokens and the credentials of addresses out of a line of JSON */
export function createScrubber(secrets: readonly string[]): (line: string) => string {
  const texts = [...new Set(secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]))];
  // The longest first: one secret may be a part of another.
  texts.sort((a, b) => b.length - a.length);
  return (line) => {
    let rest = line;
    for (const text of texts) if (rest.includes(text)) rest = rest.replaceAll(text, REDACTED);
    return rest.replace(TOKEN, REDACTED).replace(CREDENTIALS, `$1${REDACTED}@`);
  };
}

type RollingFile = SonicBoom;

async function openRollingFile({ path, maxBytes, kept }: LogFileConfig): Promise<RollingFile> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // Loaded here: most servers write to standard error alone.
    const { default: createRollingFile } = await import('pino-roll');
    const stream = await createRollingFile({
      file: path,
      size: `${maxBytes}b`,
      frequency: 'daily',
      limit: { count: kept, removeOtherLogFiles: true },
      mkdir: false,
      mode: 0o600,
      maxLength: MAX_WAITING_BYTES,
    });
    await once(stream, 'ready');
    sayWhenItBreaks(stream);
    return stream;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new StorageError(
      'SERVICE_UNAVAILABLE',
      `LOG_FILE cannot be written (${code}): see who owns its folder`,
      {
        cause: error,
      },
    );
  }
}

/** A disk that is full must not end the server; standard error still has every line. */
function sayWhenItBreaks(stream: RollingFile): void {
  let isSaid = false;
  stream.on('error', (error: Error) => {
    if (!isSaid) process.stderr.write(`The log cannot be written to its file: ${error.message}\n`);
    isSaid = true;
  });
  stream.on('drain', () => {
    isSaid = false;
  });
}

/** Waits until everything is written, or could not be for END_LIMIT_MS. */
async function endFile(stream: RollingFile): Promise<void> {
  const closed = new Promise<void>((resolve) => stream.once('close', resolve));
  const giveUp = setTimeout(() => stream.destroy(), END_LIMIT_MS);
  stream.end();
  await closed;
  clearTimeout(giveUp);
}
