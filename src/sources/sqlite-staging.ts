import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type {
  Examination,
  FileWriter,
  PreparedSwap,
  RestoredDirectory,
  RestoredFile,
  RestoredSymlink,
  Staging,
} from '../engine/index.js';
import { printPath } from '../engine/index.js';
import type { Clock } from '../shared/clock.js';
import { ConflictError, IntegrityError, invariant, throwIfCancelled } from '../shared/errors.js';
import { lookAt, nearestFolder } from './live-folders.js';
import { STAGED } from './place-swap.js';
import { describeOrphans, describeUnchecked, lookAtDatabase } from './sqlite-health.js';
import { OnlineSwap } from './sqlite-online-swap.js';
import type { DatabaseSwap } from './sqlite-renaming-swap.js';
import { RenamingSwap } from './sqlite-renaming-swap.js';
import { countRows, type DatabaseTask, runDatabaseTask } from './sqlite-task.js';
import type { CheckOptions } from './staged-check.js';
import { checkStagedFiles } from './staged-check.js';
import { StagedTree } from './staged-tree.js';
import { StagingFolder } from './staging-folder.js';

export interface SqliteStagingOptions {
  restoreId: string;
  clock: Clock;
  busyLimitMs: number;
  /** The live file with links followed, or a folder beside the live data that takes the file under its own name. */
  destination: { kind: 'live'; path: string } | { kind: 'beside'; folder: string };
}

/** A database being restored: exactly one staged file. */
export class SqliteStaging implements Staging {
  readonly notices: string[] = [];
  readonly #folder: StagingFolder;
  readonly #tree: StagedTree;
  readonly #options: SqliteStagingOptions;
  #name: string | null = null;
  #swap: DatabaseSwap | null = null;
  #phase: 'staging' | 'swapped' | 'stuck' | 'ended' = 'staging';

  constructor(options: SqliteStagingOptions) {
    this.#options = options;
    const { destination, restoreId } = options;
    const below = destination.kind === 'live' ? dirname(destination.path) : dirname(destination.folder);
    this.#folder = StagingFolder.create(nearestFolder(below), { restoreId, name: 'database' });
    this.#tree = StagedTree.begin(this.#folder);
  }

  async directory(entry: RestoredDirectory): Promise<void> {
    throw new IntegrityError(
      `The backup's database holds folder "${printPath(entry.path)}", expected one file`,
    );
  }

  async symlink(entry: RestoredSymlink): Promise<'staged' | 'skipped'> {
    throw new IntegrityError(
      `The backup's database holds link "${printPath(entry.path)}", expected one file`,
    );
  }

  async file(entry: RestoredFile): Promise<FileWriter | null> {
    const name = entry.path.toString();
    if (this.#name !== null || name.includes('/')) {
      throw new IntegrityError(
        `The backup's database holds "${printPath(entry.path)}" too, expected one file`,
      );
    }
    this.#name = name;
    return this.#tree.file(Buffer.from(STAGED), entry);
  }

  async finish(): Promise<void> {
    if (this.#name === null) throw new IntegrityError("The backup's database holds no file, expected one");
    await this.#tree.finish();
  }

  /** SQLite looks at the file in its own process while this one reads it back. */
  async check({ signal, onBytes }: CheckOptions): Promise<void> {
    throwIfCancelled(signal);
    const stop = new AbortController();
    const options = { signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal };
    const checks = [
      checkStagedFiles(this.#folder, this.#tree.checklist, { ...options, ...(onBytes && { onBytes }) }),
      runDatabaseTask(this.#checkTask(), options.signal).then(({ orphans, unchecked }) => {
        // What was so in the till must be restorable: its bytes are those of the backup, so they say nothing new.
        for (const found of orphans) this.notices.push(describeOrphans(this.#shownName(), found));
        if (unchecked !== null) this.notices.push(describeUnchecked(this.#shownName(), unchecked));
      }),
    ];
    try {
      await Promise.all(checks);
    } finally {
      stop.abort();
      await Promise.allSettled(checks);
    }
  }

  /** Beside the live data what is unsound harms nothing, and the copy may be the only way to get at the data. */
  #checkTask(): DatabaseTask {
    const isLive = this.#options.destination.kind === 'live';
    const depth = isLive ? 'full' : 'quick';
    return { kind: 'check', path: this.#staged(), name: this.#shownName(), depth, foreignKeys: isLive };
  }

  async examine({ signal }: { signal?: AbortSignal } = {}): Promise<Examination> {
    const file = { path: this.#staged(), name: this.#shownName() };
    const { orphans, unchecked } = await runDatabaseTask(
      { kind: 'check', ...file, depth: 'full', foreignKeys: true },
      signal,
    );
    const tables = await countRows({ kind: 'count', ...file }, signal);
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    return {
      tables,
      findings: [
        "The file's SHA-256 is that of the capture, so its rows are those of the till at that moment",
        unchecked === null
          ? 'SQLite found it sound (integrity_check), and looked for rows that refer to missing rows (foreign_key_check)'
          : describeUnchecked(file.name, unchecked),
        `${rows} rows in ${tables.length} tables were counted`,
        ...orphans.map((found) => describeOrphans(file.name, found)),
      ],
    };
  }

  async prepare({ signal }: { signal?: AbortSignal } = {}): Promise<PreparedSwap> {
    this.#swap = await this.#chooseSwap(signal);
    return { plan: await this.#swap.prepare(signal), isFinal: this.#swap.isFinal };
  }

  async swap({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    invariant(this.#swap, 'a swap is prepared first');
    this.#phase = 'swapped';
    await this.#swap.swap(signal);
  }

  async undo(): Promise<void> {
    if (this.#phase !== 'swapped' || this.#swap === null) return;
    this.#phase = 'stuck';
    await this.#swap.undo();
    this.#phase = 'staging';
  }

  /** The staged copy goes first: the live file may have to grow by as much when SQLite takes in its log. */
  async commit(): Promise<void> {
    this.#phase = 'ended';
    try {
      await this.#remove();
    } finally {
      await Promise.allSettled([this.#swap?.settle()]); // the till's next checkpoint does what this one could not
    }
  }

  async discard(): Promise<void> {
    if (this.#phase === 'swapped') await this.undo();
    await this.#tree.close();
    if (this.#phase !== 'staging') return;
    await this.#remove();
    this.#phase = 'ended';
  }

  async #chooseSwap(signal?: AbortSignal): Promise<DatabaseSwap> {
    const { destination, clock, busyLimitMs } = this.#options;
    const live =
      destination.kind === 'live'
        ? destination.path
        : join(destination.folder, 'database', this.#shownName());
    const deps = { folder: this.#folder, staged: this.#staged(), live, name: this.#shownName() };
    if (destination.kind === 'beside') {
      if (lookAt(live) === undefined) return new RenamingSwap(deps, { isPrivate: true });
      throw new ConflictError(
        `"${basename(live)}" is there already, expected an empty or absent target path`,
      );
    }
    const found = await lookAtDatabase(live, deps.name, { clock, busyLimitMs, ...(signal && { signal }) });
    // An empty staged file is no source that SQLite could copy from.
    const isOnline = found.state === 'usable' && statSync(deps.staged).size > 0;
    return isOnline
      ? new OnlineSwap({ ...deps, clock, busyLimitMs })
      : new RenamingSwap(deps, { isPrivate: false });
  }

  #staged(): string {
    return join(this.#folder.path, STAGED);
  }

  #shownName(): string {
    const { destination } = this.#options;
    return destination.kind === 'live' ? basename(destination.path) : (this.#name ?? 'database');
  }

  async #remove(): Promise<void> {
    await this.#tree.close();
    await this.#folder.remove();
  }
}
