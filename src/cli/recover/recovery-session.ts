/** What every sub-command of `tillvault recover` begins and ends with: the key, the repository, signals. */
import { resolve } from 'node:path';
import { loadRecoveryConfig, type RecoveryConfig, readEnvironment } from '../../config.js';
import { type OfflineApp, openOfflineApp } from '../../offline-app.js';
import { CancelledError } from '../../shared/errors.js';
import { readKey } from './read-key.js';

/** Options that every sub-command has. */
export interface RepositoryOptions {
  /** In the place of STORAGE_URL. */
  storage?: string;
  /** A file that holds the encryption key, in the place of BACKUP_ENCRYPTION_KEY. */
  keyFile?: string;
}

/** An open repository. */
export interface RecoverySession {
  app: OfflineApp;
  config: RecoveryConfig;
  /** Aborted by SIGINT and SIGTERM. */
  signal: AbortSignal;
}

/**
 * Opens the repository that the options and the environment name, runs `work`, and closes it.
 * @throws ConfigError, KeyError, NotFoundError when there is no repository, and what `work` throws
 */
export async function withRepository(
  { storage, keyFile }: RepositoryOptions,
  work: (session: RecoverySession) => Promise<void>,
): Promise<void> {
  const cwd = process.cwd();
  const config = loadRecoveryConfig(readEnvironment(cwd), { cwd, storageUrl: storage });
  const passphrase = await readKey({
    keyFile: keyFile === undefined ? null : resolve(cwd, keyFile),
    configured: config.encryptionKey,
  });
  const interrupt = new AbortController();
  const stop = () => interrupt.abort(new CancelledError());
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  process.stdout.on('error', stop); // nobody reads any more, as in `tillvault recover list | head`
  const app = await openOfflineApp(
    { storageFolder: config.storage.folder, passphrase, tempDir: config.tempDir },
    warnOnce(),
  );
  try {
    await work({ app, config, signal: interrupt.signal });
  } finally {
    for (const signal of signals) process.off(signal, stop);
    await app.close();
  }
}

/** Damage is found again at every look; it is said once. */
function warnOnce(): (message: string) => void {
  const said = new Set<string>();
  return (message) => {
    if (said.has(message)) return;
    said.add(message);
    process.stderr.write(`Warning: ${message}\n`);
  };
}
