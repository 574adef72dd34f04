/** The server as users run it: a process of its own over a till in a temporary folder. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { KiB } from '../../src/shared/bytes.js';
import { makeToken, TEST_SECRET } from './tokens.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const START_LIMIT_MS = 20_000;
const OPERATION_LIMIT_MS = 30_000;

export const TEST_ENCRYPTION_KEY = 'an encryption key of the tests';

/** A small till: `pos.db` with `sales` rows, a config file, a cache file, receipts in two folders. */
export async function makeSmallTill(root: string, sales = 500): Promise<void> {
  for (const folder of ['prisma', 'config', 'cache', 'files/receipts/2025'])
    await mkdir(join(root, folder), { recursive: true });
  const database = new DatabaseSync(join(root, 'prisma/dev.db'));
  database.exec(
    'PRAGMA journal_mode = WAL; CREATE TABLE sales (id INTEGER PRIMARY KEY, total INTEGER, note TEXT); BEGIN',
  );
  const insert = database.prepare('INSERT INTO sales (total, note) VALUES (?, ?)');
  for (let sale = 1; sale <= sales; sale++) insert.run(sale, `sale number ${sale} `.repeat(8));
  database.exec('COMMIT');
  database.close();
  await writeFile(join(root, 'config/pos.json'), '{"till":1}\n');
  await writeFile(join(root, 'cache/session'), 'cached');
  for (let receipt = 1; receipt <= 40; receipt++) {
    await writeFile(join(root, `files/receipts/2025/${receipt}.txt`), `receipt ${receipt}\n`.repeat(20));
  }
}

/** A GraphQL answer. */
export interface Answer {
  status: number;
  data: Record<string, Record<string, unknown>> | null;
  errors?: { message: string; extensions: { code: string; details: Record<string, unknown> } }[];
}

/** Environment variables, on top of the usual ones. */
export type Settings = Record<string, string>;

/** How the process is started. */
export interface LaunchOptions {
  settings?: Settings;
  /** Runs it as somebody who is not root, when the tests run as root. */
  isUnprivileged?: boolean;
  /** Gives the storage a file system of its own of this many bytes. Needs `canMountForTests`. */
  storageBytes?: number;
}

const NOBODY = 65_534;

/** True when this user may make a mount namespace, and so a small file system. */
export function canMountForTests(): boolean {
  return spawnSync('unshare', ['--map-root-user', '--mount', 'true']).status === 0;
}

export class ServerProcess {
  readonly folder: string;
  readonly #options: LaunchOptions;
  #child: ChildProcess | null = null;
  #url = '';
  /** What the process has printed since it was started last. */
  output = '';

  private constructor(folder: string, options: LaunchOptions) {
    this.folder = folder;
    this.#options = options;
  }

  /** Makes a till in a temporary folder, without starting the server. */
  static async prepare(options: LaunchOptions = {}): Promise<ServerProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'tillvault-server-'));
    await makeSmallTill(folder);
    return new ServerProcess(folder, options);
  }

  /** Makes a till and starts a server over it. */
  static async start(options: LaunchOptions = {}): Promise<ServerProcess> {
    const server = await ServerProcess.prepare(options);
    await server.start();
    return server;
  }

  /** Where it listens, such as `http://127.0.0.1:40123`. */
  get origin(): string {
    return new URL(this.#url).origin;
  }

  /** The server's process, or null when it does not run. */
  get processId(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Path of something in the till or of the server's own. */
  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** @returns once the server listens; throws with its output when it ended instead */
  async start(changes: Settings = {}): Promise<void> {
    this.#spawn(changes);
    const deadline = performance.now() + START_LIMIT_MS;
    while (performance.now() < deadline) {
      const found = /listening on (\S+)/.exec(this.output)?.[1];
      if (found) {
        this.#url = found;
        return;
      }
      if (this.#child?.exitCode !== null) break;
      await wait(20);
    }
    throw new Error(`The server did not start:\n${this.output}`);
  }

  /** Starts a server that is expected to refuse. @returns its exit status and what it printed */
  async startRefused(changes: Settings = {}): Promise<{ status: number | null; output: string }> {
    const child = this.#spawn(changes);
    const [status] = await once(child, 'exit');
    return { status, output: this.output };
  }

  /** Starts another server beside this one, expected to refuse. @returns its exit status and what it printed */
  async startBeside(): Promise<{ status: number | null; output: string }> {
    const other = new ServerProcess(this.folder, this.#options);
    return other.startRefused();
  }

  async query(query: string, variables: Record<string, unknown> = {}, token = makeToken()): Promise<Answer> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    });
    return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) };
  }

  /** Waits until it has printed what fits `pattern`. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = performance.now() + START_LIMIT_MS;
    while (performance.now() < deadline) {
      const found = pattern.exec(this.output);
      if (found) return found;
      await wait(20);
    }
    throw new Error(`The server did not print ${pattern}:\n${this.output}`);
  }

  /** Sends one operation, with more headers than the usual. */
  post(query: string, headers: Record<string, string>): Promise<Response> {
    return fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${makeToken()}`, ...headers },
      body: JSON.stringify({ query }),
    });
  }

  /** Creates a backup and waits for its end. */
  async backUp(input: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const answer = await this.query(
      'mutation ($input: CreateBackupInput!) { createBackup(input: $input) { backup { id } } }',
      { input },
    );
    return this.#ended(
      'backup',
      idIn(answer, 'createBackup', 'backup'),
      'id status checksum sizeBytes storedBytes fileCount notices error { code message } components { component fileCount }',
    );
  }

  /** Creates a restore and waits for its end. */
  async restore(input: Record<string, unknown>): Promise<Record<string, unknown>> {
    const answer = await this.query(
      'mutation ($input: CreateRestoreInput!) { createRestore(input: $input) { restore { id } } }',
      { input },
    );
    return this.#ended(
      'restore',
      idIn(answer, 'createRestore', 'restore'),
      'id status validated restoredFiles skippedFiles restoredBytes error { code message }',
    );
  }

  /** Address of GraphQL over WebSocket. */
  get webSocketUrl(): string {
    return this.#url.replace('http', 'ws');
  }

  /** Memory of the process, all threads together: now, and at most so far. Linux only. */
  memory(): { residentBytes: number; peakBytes: number } {
    const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'utf8');
    const read = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * KiB;
    return { residentBytes: read('VmRSS'), peakBytes: read('VmHWM') };
  }

  /** Sends a signal and waits for the end. @returns exit status, or null when the signal ended it */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    child.kill(signal);
    const [status] = await once(child, 'exit');
    return status;
  }

  /** Ends the process and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }

  #spawn(changes: Settings): ChildProcess {
    this.output = '';
    const { PATH } = process.env;
    const { settings, storageBytes } = this.#options;
    const command = [...(storageBytes ? this.#inSmallStorage(storageBytes) : []), process.execPath, MAIN];
    const child = spawn(command[0]!, command.slice(1), {
      cwd: this.folder,
      env: {
        PATH,
        PORT: '0',
        LOG_LEVEL: 'warn',
        JWT_SECRET: TEST_SECRET,
        BACKUP_ENCRYPTION_KEY: TEST_ENCRYPTION_KEY,
        ...settings,
        ...changes,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...this.#owner(),
    });
    const collect = (piece: Buffer) => {
      this.output += piece.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    this.#child = child;
    return child;
  }

  /** The words of a command that runs what follows it with a small file system at the storage's place. */
  #inSmallStorage(bytes: number): string[] {
    const storage = this.path('backups');
    mkdirSync(storage, { recursive: true });
    const mountAndRun = `mount -t tmpfs -o size=${bytes},mode=700 tmpfs "$0" && exec "$@"`;
    return ['unshare', '--map-root-user', '--mount', 'sh', '-c', mountAndRun, storage];
  }

  #owner(): { uid?: number; gid?: number } {
    if (!this.#options.isUnprivileged || process.getuid?.() !== 0) return {};
    const paths = [
      this.folder,
      ...readdirSync(this.folder, { recursive: true }).map((path) => this.path(String(path))),
    ];
    for (const path of paths) chownSync(path, NOBODY, NOBODY);
    return { uid: NOBODY, gid: NOBODY };
  }

  async #ended(kind: 'backup' | 'restore', id: string, fields: string): Promise<Record<string, unknown>> {
    const deadline = performance.now() + OPERATION_LIMIT_MS;
    while (performance.now() < deadline) {
      const { data } = await this.query(`query ($id: ID!) { ${kind}(id: $id) { ${fields} } }`, { id });
      const operation = data?.[kind];
      if (operation && !['QUEUED', 'RUNNING', 'VALIDATING', 'RESTORING'].includes(String(operation.status)))
        return operation;
      await wait(20);
    }
    throw new Error(`The ${kind} did not end:\n${this.output}`);
  }
}

function idIn(answer: Answer, field: string, kind: string): string {
  const created = answer.data?.[field]?.[kind] as { id: string } | undefined;
  if (!created) throw new Error(`Not created: ${JSON.stringify(answer.errors)}`);
  return created.id;
}
