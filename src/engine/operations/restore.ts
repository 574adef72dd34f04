/**
 * One restore, as a transaction:
 *
 *     plan      every target says what would stop it, and what room it needs; nothing changes
 *     validate  every byte is read, authenticated and hashed; beside the live data, staging does that (ADR 0016)
 *     snapshot  what will be overwritten is backed up: the restore point
 *     stage     beside the live data
 *     check     the staged copy is read back, each component while the next is staged
 *     swap      journalled; all components or none (swap-transaction.ts)
 *
 * Memory: the blocks of one ChunkReader (24 MiB), and what the targets hold for the files being written.
 */
import type { Clock } from '../../shared/clock.js';
import type { Component } from '../../shared/component.js';
import {
  AppError,
  CancelledError,
  IntegrityError,
  invariant,
  throwIfCancelled,
} from '../../shared/errors.js';
import { assertSpace } from '../../shared/space.js';
import type { RestoreOutcome, RestoreRequest, RestoreUpdate, RunOptions } from '../engine.js';
import type { RestoreJournal } from '../journal.js';
import { ChunkReader } from '../repository/chunk-reader.js';
import type { Repository } from '../repository/repository.js';
import { domainOf, type Snapshot } from '../snapshot/snapshot-object.js';
import type { Source } from '../source.js';
import type { StageOptions, Staging, Target, TargetPlan } from '../target.js';
import type { ManifestPart } from './file-walker.js';
import { readSnapshot } from './read-snapshot.js';
import { chooseParts, type RestorePart } from './restore-parts.js';
import { takeRestorePoint } from './restore-point.js';
import { findSoundParts } from './sound-parts.js';
import { stageComponent } from './stage-component.js';
import { type StagedPart, swapAll, UndoFailedError } from './swap-transaction.js';
import { validateComponent } from './validate-component.js';

/** What a restore works with. */
export interface RestoreDeps {
  repository: Repository;
  targets: ReadonlyMap<Component, Target>;
  /** Of the live till, for the restore point. */
  sources: ReadonlyMap<Component, Source>;
  clock: Clock;
  journal: RestoreJournal;
}

/**
 * Runs one restore to its end.
 * @throws CancelledError, ConflictError, IntegrityError, NotFoundError, StorageError, SourceError; the live data is then
 *   what it was, and `details.rolledBack` is true when it had been touched
 */
export async function runRestore(
  deps: RestoreDeps,
  request: RestoreRequest,
  options: RunOptions<RestoreUpdate>,
): Promise<RestoreOutcome> {
  const { repository } = deps;
  const leaseOptions = { snapshot: request.snapshotId, ...(options.signal && { signal: options.signal }) };
  return repository.withLease('reader', leaseOptions, async () => {
    const snapshot = await readSnapshot(repository, request.snapshotId);
    return new RestoreRun(deps, request, options, snapshot).run();
  });
}

/** A check of a staged component that is under way. */
interface RunningCheck {
  component: Component;
  end: Promise<void>;
}

class RestoreRun {
  readonly #deps: RestoreDeps;
  readonly #request: RestoreRequest;
  readonly #options: RunOptions<RestoreUpdate>;
  readonly #snapshot: Snapshot;
  #parts: RestorePart[] = [];
  #damageNotices: string[] = [];
  readonly #found = new Map<Component, TargetPlan['live']>();
  readonly #reader: ChunkReader;
  readonly #stageOptions: StageOptions;
  readonly #outcome: RestoreOutcome = {
    validated: false,
    restoredFiles: 0,
    skippedFiles: 0,
    restoredBytes: 0,
    notices: [],
  };
  readonly #update: RestoreUpdate;

  constructor(
    deps: RestoreDeps,
    request: RestoreRequest,
    options: RunOptions<RestoreUpdate>,
    snapshot: Snapshot,
  ) {
    this.#deps = deps;
    this.#request = request;
    this.#options = options;
    this.#snapshot = snapshot;
    const signal = options.signal ? { signal: options.signal } : {};
    this.#reader = new ChunkReader(deps.repository, domainOf(snapshot), signal);
    this.#stageOptions = { restoreId: request.restoreId, overwrite: request.overwrite, ...signal };
    this.#update = {
      phase: 'VALIDATING',
      component: null,
      processedBytes: 0,
      totalBytes: 0,
      processedFiles: 0,
      totalFiles: 0,
      validated: false,
      restorePoint: null,
    };
  }

  async run(): Promise<RestoreOutcome> {
    try {
      await this.#choose();
      if (!this.#request.validateOnly) await this.#plan();
      if (this.#request.skipDamaged) await this.#leaveOutDamaged();
      else if (this.#isValidatedFirst) await this.#validate();
      if (!this.#request.validateOnly) {
        await this.#takeRestorePoint();
        await this.#replace();
      }
      return { ...this.#outcome };
    } catch (error) {
      if (error instanceof UndoFailedError) throw error; // more than a cancellation: live data is not where it was
      if (this.#options.signal?.aborted && !(error instanceof CancelledError)) {
        throw new CancelledError('The restore was cancelled', {
          cause: error,
          ...(error instanceof AppError && { details: error.details }),
        });
      }
      throw error;
    }
  }

  async #choose(): Promise<void> {
    this.#parts = await chooseParts(this.#reader, this.#snapshot, this.#request);
    const passes = (this.#isValidatedFirst ? 1 : 0) + (this.#request.validateOnly ? 0 : 2); // validate; stage and check
    for (const { totalBytes, totalFiles } of this.#parts) {
      this.#update.totalBytes += totalBytes * passes;
      this.#update.totalFiles += totalFiles;
    }
  }

  async #plan(): Promise<void> {
    const space = [];
    for (const { component, totalBytes, totalFiles, content } of this.#parts) {
      throwIfCancelled(this.#options.signal);
      const plan = await this.#target(component).plan(
        { totalBytes, totalFiles },
        this.#stageOptionsOf(content),
      );
      this.#found.set(component, plan.live);
      space.push(...plan.space);
    }
    assertSpace(space);
  }

  async #validate(): Promise<void> {
    for (const { component, content } of this.#parts) {
      this.#enter('VALIDATING', component);
      const onChecked = (bytes: number, files: number) =>
        this.#done(bytes, this.#request.validateOnly ? files : 0);
      await validateComponent(this.#reader, component, content, { onChecked });
    }
    this.#markValidated();
  }

  async #leaveOutDamaged(): Promise<void> {
    const { parts, damagedFiles, notices } = await findSoundParts(this.#reader, this.#parts, {
      onPart: (component) => this.#enter('VALIDATING', component),
      onChecked: (bytes) => this.#done(bytes, 0),
    });
    if (parts.length === 0) throw new IntegrityError(`Nothing of the backup is sound: ${notices.join('; ')}`);
    this.#parts = parts;
    this.#outcome.skippedFiles += damagedFiles;
    this.#damageNotices = notices;
  }

  #markValidated(): void {
    this.#update.validated = true;
    this.#outcome.validated = true;
    this.#report();
  }

  /** False beside the live data: nothing is at stake there before the swap, and staging authenticates what it writes. */
  get #isValidatedFirst(): boolean {
    const { validateOnly, targetFolder, skipDamaged } = this.#request;
    return validateOnly || targetFolder === null || skipDamaged === true;
  }

  /** Only where live data is overwritten: what is added to, or restored beside, is not lost. */
  async #takeRestorePoint(): Promise<void> {
    const { restorePoint: request, overwrite, targetFolder } = this.#request;
    if (request === null || !overwrite || targetFolder !== null) return;
    const { processedBytes, totalBytes } = this.#update;
    this.#enter('SNAPSHOTTING', null);
    const point = await takeRestorePoint(
      this.#deps,
      { request, found: this.#found },
      {
        ...this.#signalOption(),
        onProgress: (update) => {
          this.#update.component = update.component;
          this.#update.processedBytes = processedBytes + update.processedBytes;
          this.#update.totalBytes = totalBytes + update.totalBytes;
          this.#report();
        },
      },
    );
    this.#update.restorePoint = point;
    this.#report();
  }

  async #replace(): Promise<void> {
    const staged: StagedPart[] = [];
    const checks: RunningCheck[] = [];
    const stop = new AbortController();
    const { restoreId, targetFolder, paths } = this.#request;
    try {
      for (const { component, content } of this.#parts) {
        this.#enter('STAGING', component);
        const staging = await this.#target(component).stage(this.#stageOptionsOf(content));
        staged.push({ component, staging });
        await stageComponent(this.#reader, component, content, staging, this.#counter());
        checks.push({ component, end: this.#beginCheck(staging, stop.signal) });
      }
      for (const { component, end } of checks) {
        this.#enter('CHECKING', component);
        await end;
      }
      this.#markValidated();
      const { backupId } = this.#snapshot;
      const swapNotices = await swapAll(
        staged,
        { restoreId, backupId, targetFolder, paths: paths ?? null, outcome: { ...this.#outcome } },
        {
          journal: this.#deps.journal,
          onStep: (phase, component) => this.#enter(phase, component),
          ...this.#signalOption(),
        },
      );
      this.#outcome.notices = [...this.#damageNotices, ...swapNotices];
    } catch (error) {
      stop.abort();
      await Promise.allSettled(checks.map(({ end }) => end));
      // Where live data could not be brought back, what was staged and kept is all there is: it stays.
      if (!(error instanceof UndoFailedError)) await this.#discardAll(staged);
      throw error;
    }
  }

  /** Checks while the next component is staged: the check of a database is a process that the other core can run. */
  #beginCheck(staging: Staging, stop: AbortSignal): Promise<void> {
    const { signal } = this.#options;
    const end = staging.check({
      signal: signal ? AbortSignal.any([signal, stop]) : stop,
      onBytes: (bytes) => this.#done(bytes, 0),
    });
    end.catch(() => {}); // reported when its turn comes
    return end;
  }

  /**
   * What cannot be removed is recognised by the restore's id, and is not what the caller asked about; the journal's
   * entry goes last, so that what stays behind is found by the next start.
   */
  async #discardAll(staged: readonly StagedPart[]): Promise<void> {
    const discarded = await Promise.allSettled(staged.map(({ staging }) => staging.discard()));
    if (discarded.some(({ status }) => status === 'rejected')) return;
    await Promise.allSettled([this.#deps.journal.remove(this.#request.restoreId)]);
  }

  #counter() {
    return {
      written: (bytes: number) => {
        this.#outcome.restoredBytes += bytes;
        this.#done(bytes, 0);
      },
      restored: () => {
        this.#outcome.restoredFiles++;
        this.#done(0, 1);
      },
      skipped: (bytes: number) => {
        this.#outcome.skippedFiles++;
        this.#done(bytes * 2, 1); // neither staged nor checked
      },
    };
  }

  #stageOptionsOf({ selection }: ManifestPart): StageOptions {
    return { ...this.#stageOptions, paths: selection?.paths ?? null };
  }

  #target(component: Component): Target {
    const target = this.#deps.targets.get(component);
    invariant(target, 'every component has a target');
    return target;
  }

  #signalOption(): { signal?: AbortSignal } {
    return this.#options.signal ? { signal: this.#options.signal } : {};
  }

  #enter(phase: RestoreUpdate['phase'], component: Component | null): void {
    this.#update.phase = phase;
    this.#update.component = component;
    this.#report();
  }

  #done(bytes: number, files: number): void {
    this.#update.processedBytes += bytes;
    this.#update.processedFiles += files;
    this.#report();
  }

  #report(): void {
    this.#options.onProgress?.({ ...this.#update });
  }
}
