/** The server process: load the configuration, start, stop on signals. No logic of its own. */
import { createApp, VERSION } from './app.js';
import { signToken } from './cli/sign-token.js';
import { type Config, ConfigError, loadConfig, readEnvironment } from './config.js';
import { systemClock } from './shared/clock.js';
import { AppError } from './shared/errors.js';
import { systemRandom } from './shared/random.js';

const FIRST_TOKEN_SECONDS = 12 * 3600;

/** Runs a server until a signal stops it. A failure to start is told, and becomes the exit status. */
export async function runServer(): Promise<void> {
  try {
    await startServer();
  } catch (error) {
    process.stderr.write(`\n${describeFailure(error)}\n`);
    process.exitCode = 1;
  }
}

async function startServer(): Promise<void> {
  const cwd = process.cwd();
  const config = loadConfig(readEnvironment(cwd), { cwd, random: systemRandom });
  sayWhatWasMade(config);
  const app = await createApp(config);
  const stop = () => {
    process.stderr.write('Stopping: running work is finished or cancelled first\n');
    app.close().catch(fail);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  try {
    const { url } = await app.start();
    process.stdout.write(`Tillvault ${VERSION} listening on ${url}\n`);
    sayHowToBegin(config, url);
  } catch (error) {
    await app.close();
    throw error;
  }
}

function sayWhatWasMade(config: Config): void {
  for (const warning of config.warnings)
    process.stderr.write(`Warning: ${warning}; production refuses this\n`);
  for (const { variable, file, isNew } of config.generatedSecrets) {
    if (!isNew) continue;
    process.stderr.write(`\n${variable} is not set, so one was made. It is kept in ${file}\n`);
    if (variable === 'BACKUP_ENCRYPTION_KEY') {
      process.stderr.write('Keep a copy of it somewhere else: without it no backup can ever be restored.\n');
    }
  }
}

/** On the first start a token to try it with; production has none, since its secrets are given. */
function sayHowToBegin(config: Config, url: string): void {
  const { key, issuer, audience } = config.jwt;
  const isFirstStart = config.generatedSecrets.some(
    ({ variable, isNew }) => variable === 'JWT_SECRET' && isNew,
  );
  if (!isFirstStart || key.kind !== 'secret') return;
  const claims = {
    subject: 'first-start',
    role: 'ADMIN',
    expiresInSeconds: FIRST_TOKEN_SECONDS,
    issuer,
    audience,
  } as const;
  const token = signToken(key.secret, claims, systemClock);
  process.stdout.write(`
An ADMIN token for the next 12 hours (another: npx tillvault token):

  ${token}

Try it:

  curl ${url} -H 'Content-Type: application/json' -H 'Authorization: Bearer ${token}' \\
    -d '{"query":"{ backups { summary { total } } }"}'

`);
}

function fail(error: unknown): void {
  process.stderr.write(`\n${describeFailure(error)}\n`);
  process.exit(1);
}

function describeFailure(error: unknown): string {
  if (error instanceof AppError || error instanceof ConfigError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
