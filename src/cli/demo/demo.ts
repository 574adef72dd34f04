/**
 * The demo: one till's whole story, told by the real server. Everything lies in one temporary folder; the server and
 * the seller are processes of their own, and both and the folder are gone at the end, however it ends.
 *
 * What is proved, and when: two backups are taken while the till sells. The first of them is restored beside the
 * live till and must be one consistent moment of it. Then the till closes, its state is recorded, and a third backup
 * is taken: that one is restored after the damage, and every entry and row must be what was recorded.
 */
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.js';
import { CancelledError } from '../../shared/errors.js';
import type { Random } from '../../shared/random.js';
import { signToken } from '../sign-token.js';
import { checkDatabase, checkSellingCopy, countSales, withDatabase } from './consistency.js';
import { damageTill } from './damage.js';
import { DemoOutput, type OutputStream } from './demo-output.js';
import { formatBytes, formatCount, formatRate, formatSeconds } from './figures.js';
import { compareFingerprints, countFingerprint, type Fingerprint, takeFingerprint } from './fingerprint.js';
import { assertProved } from './proof.js';
import { findRestoredTill } from './restored-till.js';
import { Seller } from './seller.js';
import { ServerProcess } from './server-process.js';
import { type BackupFigures, describeServing, summarize } from './summary.js';
import { makeTill, placeTill, type Till } from './till.js';
import { TillvaultClient } from './tillvault-client.js';

/** What can be chosen. */
export interface DemoOptions {
  /** About how many sale lines the till has. */
  rows: number;
  /** Stay up afterwards, until `signal`. */
  serve: boolean;
  /** Keep the temporary folder. */
  keep: boolean;
  /** Ends the demo early; it cleans up all the same. */
  signal: AbortSignal;
}

/** What it needs from outside. */
export interface DemoDeps {
  clock: Clock;
  random: Random;
  output: OutputStream;
}

const RECEIPTS = 1500;
const PICTURES = 60;
const TOKEN_SECONDS = 12 * 3600;
const COPY_FOLDER = 'copy-of-a-selling-till';

/**
 * Runs the demo.
 * @throws IntegrityError when something restored is not what it was; CancelledError; AppError when a process fails
 */
export async function runDemo(options: DemoOptions, deps: DemoDeps): Promise<void> {
  const output = new DemoOutput(deps.output);
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tillvault-demo-')));
  const cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => {
    if (options.keep) output.print(['', `Kept: ${folder}`]);
    else await rm(folder, { recursive: true, force: true });
  });
  try {
    await new Demo({ folder, output, cleanup }, options, deps).run();
  } catch (error) {
    // Whatever broke off because of the signal did so on purpose.
    throw options.signal.aborted ? new CancelledError('The demo was interrupted', { cause: error }) : error;
  } finally {
    await cleanup.disposeAsync();
  }
}

interface Stage {
  folder: string;
  output: DemoOutput;
  /** Takes whatever must be ended, in reverse order. */
  cleanup: AsyncDisposableStack;
}

class Demo {
  readonly #stage: Stage;
  readonly #options: DemoOptions;
  readonly #deps: DemoDeps;
  readonly #till: Till;

  constructor(stage: Stage, options: DemoOptions, deps: DemoDeps) {
    this.#stage = stage;
    this.#options = options;
    this.#deps = deps;
    this.#till = placeTill(join(stage.folder, 'till'));
  }

  async run(): Promise<void> {
    const { output, cleanup } = this.#stage;
    const { signal } = this.#options;
    await this.#makeTill();
    const { server, token } = await this.#startServer();
    const client = new TillvaultClient(server.url, token, signal);
    cleanup.defer(() => client.close());

    const selling = await this.#backUpWhileSelling(client);
    output.step('Closing the till and taking the backup that will be restored');
    const before = await takeFingerprint(this.#till, signal);
    const closed = await this.#backUp(client, 'Closed till');

    output.step('Losing the till');
    output.say(await damageTill(this.#till));

    output.step('Restoring it');
    const startedMs = this.#deps.clock.monotonicMs();
    const restored = await output.showProgress('Restore', (onProgress) =>
      client.restore({ backupId: closed.id }, onProgress),
    );
    const restoreMs = this.#deps.clock.monotonicMs() - startedMs;

    output.step('Comparing every file and every row with what they were');
    await this.#proveRestored(before);
    const figures = { ...selling, closed, restoreMs, restoredBytes: restored.restoredBytes };
    output.print(summarize({ ...figures, counts: countFingerprint(before) }));
    if (this.#options.serve) await this.#stayUp(server.url, token);
  }

  async #makeTill(): Promise<void> {
    const { output } = this.#stage;
    output.step('Making a till');
    await mkdir(this.#till.root, { recursive: true });
    const startedMs = this.#deps.clock.monotonicMs();
    await makeTill(
      this.#till,
      { saleLines: this.#options.rows, receipts: RECEIPTS, pictures: PICTURES },
      this.#options.signal,
    );
    const elapsedMs = this.#deps.clock.monotonicMs() - startedMs;
    const sales = formatCount(countSales(this.#till.database));
    output.say(
      `${sales} sales, ${formatCount(this.#options.rows)} sale lines, config, cache, receipts and pictures`,
    );
    output.say(`in ${this.#till.root} (${formatSeconds(elapsedMs)})`);
  }

  async #startServer(): Promise<{ server: ServerProcess; token: string }> {
    const { output, folder, cleanup } = this.#stage;
    const { clock, random } = this.#deps;
    output.step('Starting the server');
    const secret = random.bytes(32).toString('hex');
    const own = join(folder, 'tillvault');
    await mkdir(own, { mode: 0o700 });
    const server = await ServerProcess.start({
      folder: own,
      environment: {
        HOST: '127.0.0.1',
        PORT: '0',
        LOG_LEVEL: 'warn',
        POS_ROOT: this.#till.root,
        DATABASE_URL: 'file:./database/pos.db',
        BACKUP_ENCRYPTION_KEY: random.bytes(32).toString('hex'),
        JWT_SECRET: secret,
      },
      signal: this.#options.signal,
    });
    cleanup.defer(() => server.stop());
    output.say(`listening on ${server.url.href}`);
    const claims = {
      subject: 'demo',
      role: 'ADMIN',
      expiresInSeconds: TOKEN_SECONDS,
      issuer: null,
      audience: null,
    } as const;
    return { server, token: signToken(secret, claims, clock) };
  }

  async #backUpWhileSelling(client: TillvaultClient) {
    const { output, cleanup } = this.#stage;
    const { clock } = this.#deps;
    output.step('Taking a full backup, and a second one, while the till sells');
    const seller = await Seller.start(this.#till.root);
    cleanup.defer(() => seller.kill());
    const startedMs = clock.monotonicMs();
    const salesBefore = countSales(this.#till.database);
    const first = await this.#backUp(client, 'First backup');
    const salesAfter = countSales(this.#till.database);
    const second = await this.#backUp(client, 'Second backup');

    output.step('Restoring the first backup beside the selling till, to see that it is one moment of it');
    await output.showProgress('Restore beside', (onProgress) =>
      client.restore({ backupId: first.id, targetPath: COPY_FOLDER }, onProgress),
    );
    const sold = await seller.stop();
    const salesPerSecond = (sold / (clock.monotonicMs() - startedMs)) * 1000;
    const copy = await findRestoredTill(join(this.#stage.folder, 'tillvault', 'restore', COPY_FOLDER));
    const { sales, problems } = checkSellingCopy({
      ...copy,
      liveDatabase: this.#till.database,
      salesBefore,
      salesAfter,
    });
    assertProved('The backup of the selling till is not one moment of it', problems);
    output.say(
      `one moment: ${formatCount(sales)} sales, each with its lines, its stock, its receipt and its totals`,
    );
    output.say(
      `${formatCount(sold)} sales were made meanwhile, ${salesPerSecond.toFixed(0)} commits a second`,
    );
    return { first, second, sold, salesPerSecond, consistentSales: sales };
  }

  async #backUp(client: TillvaultClient, name: string): Promise<BackupFigures> {
    const { clock } = this.#deps;
    const startedMs = clock.monotonicMs();
    const backup = await this.#stage.output.showProgress(name, (onProgress) =>
      client.backUp(name, onProgress),
    );
    const elapsedMs = clock.monotonicMs() - startedMs;
    const rate = formatRate(backup.sizeBytes, elapsedMs);
    this.#stage.output.say(
      `${name}: ${formatBytes(backup.sizeBytes)} in ${formatSeconds(elapsedMs)} (${rate}), stored ${formatBytes(backup.storedBytes)}`,
    );
    return { name, id: backup.id, sizeBytes: backup.sizeBytes, storedBytes: backup.storedBytes, elapsedMs };
  }

  async #proveRestored(before: Fingerprint): Promise<void> {
    const after = await takeFingerprint(this.#till, this.#options.signal);
    const problems = compareFingerprints(before, after);
    problems.push(...withDatabase(this.#till.database, checkDatabase));
    assertProved('The restored till is not what it was', problems);
  }

  async #stayUp(url: URL, token: string): Promise<void> {
    const { signal } = this.#options;
    this.#stage.output.print(describeServing(url, token, this.#till.root));
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
}
