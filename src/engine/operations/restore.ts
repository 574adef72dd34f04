/**
 * One restore, as a transaction:
 *
 *     plan      every target says what would stop it; nothing changes
 *     validate  every byte is read, authenticated and hashed
 *     stage     beside the live data
 *     check     the staged copy is read back
 *     swap      component by component; a failure undoes those that were swapped, in reverse
 *     commit    what was there before is let go
 *
 * Memory: the blocks of one ChunkReader (24 MiB), and what the targets hold for the files being written.
 */
import { type Component, sortComponents } from '../../shared/component.js';
import {
  AppError,
  CancelledError,
  IntegrityError,
  InvalidInputError,
  invariant,
  NotFoundError,
  throwIfCancelled,
} from '../../shared/errors.js';
import { parseId, type SnapshotId } from '../codec/ids.js';
import type { RestoreOutcome, RestoreRequest, RestoreUpdate, RunOptions } from '../engine.js';
import { ChunkReader } from '../repository/chunk-reader.js';
import type { Repository } from '../repository/repository.js';
import { domainOf, type Snapshot, type SnapshotComponent } from '../snapshot/snapshot-object.js';
import type { StageOptions, Staging, Target } from '../target.js';
import { stageComponent } from './stage-component.js';
import { validateComponent } from './validate-component.js';

/** What a restore works with. */
export interface RestoreDeps {
  repository: Repository;
  targets: ReadonlyMap<Component, Target>;
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
  await repository.refresh(options.signal ? { signal: options.signal } : {});
  const snapshot = await readSnapshot(repository, parseId<SnapshotId>(request.snapshotId));
  return new RestoreRun(deps, request, options, snapshot).run();
}

/** Tells a snapshot that is gone from one that is damaged. */
async function readSnapshot(repository: Repository, id: SnapshotId): Promise<Snapshot> {
  try {
    return await repository.readSnapshot(id);
  } catch (error) {
    if (!(error instanceof IntegrityError && error.cause instanceof NotFoundError)) throw error;
    throw new NotFoundError('The backup is no longer in the repository', { cause: error });
  }
}

interface Part {
  component: Component;
  held: SnapshotComponent;
}

class RestoreRun {
  readonly #deps: RestoreDeps;
  readonly #request: RestoreRequest;
  readonly #options: RunOptions<RestoreUpdate>;
  readonly #parts: Part[];
  readonly #reader: ChunkReader;
  readonly #stageOptions: StageOptions;
  readonly #outcome: RestoreOutcome = {
    validated: false,
    restoredFiles: 0,
    skippedFiles: 0,
    restoredBytes: 0,
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
    this.#parts = sortComponents(request.components).map((component) => ({
      component,
      held: findPart(snapshot, component),
    }));
    const signal = options.signal ? { signal: options.signal } : {};
    this.#reader = new ChunkReader(deps.repository, domainOf(snapshot), signal);
    this.#stageOptions = { restoreId: request.restoreId, overwrite: request.overwrite, ...signal };
    const passes = request.validateOnly ? 1 : 3; // validate, stage, check
    const sum = (field: 'sizeBytes' | 'fileCount') =>
      this.#parts.reduce((total, { held }) => total + held[field], 0);
    this.#update = {
      phase: 'VALIDATING',
      component: null,
      processedBytes: 0,
      totalBytes: sum('sizeBytes') * passes,
      processedFiles: 0,
      totalFiles: sum('fileCount'),
      validated: false,
    };
  }

  async run(): Promise<RestoreOutcome> {
    try {
      if (!this.#request.validateOnly) await this.#plan();
      await this.#validate();
      if (!this.#request.validateOnly) await this.#replace();
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

  async #plan(): Promise<void> {
    for (const { component, held } of this.#parts) {
      throwIfCancelled(this.#options.signal);
      await this.#target(component).plan(
        { totalBytes: held.sizeBytes, totalFiles: held.fileCount },
        this.#stageOptions,
      );
    }
  }

  async #validate(): Promise<void> {
    for (const { component, held } of this.#parts) {
      this.#enter('VALIDATING', component);
      const onChecked = (bytes: number, files: number) =>
        this.#done(bytes, this.#request.validateOnly ? files : 0);
      await validateComponent(this.#reader, component, held.manifest.content, onChecked);
    }
    this.#update.validated = true;
    this.#outcome.validated = true;
    this.#report();
  }

  async #replace(): Promise<void> {
    const staged: StagedPart[] = [];
    try {
      for (const { component, held } of this.#parts) {
        this.#enter('STAGING', component);
        const staging = await this.#target(component).stage(this.#stageOptions);
        staged.push({ component, staging });
        await stageComponent(this.#reader, component, held.manifest.content, staging, this.#counter());
      }
      for (const { component, staging } of staged) {
        this.#enter('CHECKING', component);
        await staging.check({ ...this.#signalOption(), onBytes: (bytes) => this.#done(bytes, 0) });
      }
      await this.#swapAll(staged);
    } catch (error) {
      // Where live data could not be brought back, what was staged and kept is all there is: it stays.
      if (!(error instanceof UndoFailedError)) await discardAll(staged);
      throw error;
    }
    for (const { staging } of staged) await staging.commit();
  }

  /** Swaps every component, or none. */
  async #swapAll(staged: readonly StagedPart[]): Promise<void> {
    const swapped: StagedPart[] = [];
    try {
      for (const part of staged) {
        throwIfCancelled(this.#options.signal);
        this.#enter('SWAPPING', part.component);
        await part.staging.swap();
        swapped.push(part);
      }
      throwIfCancelled(this.#options.signal);
    } catch (error) {
      await this.#undoAll(swapped.reverse(), error);
      throw swapped.length > 0 ? withRollback(error) : error;
    }
  }

  /** Brings every component back, also when one of them fails. */
  async #undoAll(swapped: readonly StagedPart[], cause: unknown): Promise<void> {
    const failures: unknown[] = [];
    const lost: Component[] = [];
    for (const { component, staging } of swapped) {
      this.#enter('ROLLING_BACK', component);
      try {
        await staging.undo();
      } catch (error) {
        failures.push(error);
        lost.push(component);
      }
    }
    if (lost.length > 0) throw new UndoFailedError(lost, new AggregateError([cause, ...failures]));
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

  #target(component: Component): Target {
    const target = this.#deps.targets.get(component);
    invariant(target, 'every component has a target');
    return target;
  }

  #signalOption(): { signal?: AbortSignal } {
    return this.#options.signal ? { signal: this.#options.signal } : {};
  }

  #enter(phase: RestoreUpdate['phase'], component: Component): void {
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

function findPart(snapshot: Snapshot, component: Component): SnapshotComponent {
  const part = snapshot.components.find((each) => each.component === component);
  if (part) return part;
  const held = snapshot.components.map((each) => each.component).join(', ');
  throw new InvalidInputError(`The backup holds ${held}, but no ${component}`);
}

interface StagedPart {
  component: Component;
  staging: Staging;
}

/** What stays behind is recognised by the restore's id, and is not what the caller asked about. */
async function discardAll(staged: readonly StagedPart[]): Promise<void> {
  await Promise.allSettled(staged.map(({ staging }) => staging.discard()));
}

/** Says that live data had been touched, and was brought back. */
function withRollback(error: unknown): AppError {
  if (error instanceof AppError) {
    return new AppError(error.code, error.message, {
      cause: error,
      details: { ...error.details, rolledBack: true },
    });
  }
  const message = 'The restore failed while live data was replaced; the live data was brought back';
  return new AppError('INTERNAL_SERVER_ERROR', message, { cause: error, details: { rolledBack: true } });
}

class UndoFailedError extends AppError {
  constructor(components: readonly Component[], cause: unknown) {
    const names = components.join(', ');
    super(
      'INTERNAL_SERVER_ERROR',
      `The restore failed and the live data of ${names} could not be brought back; it is kept beside its place in a ".tillvault-" folder`,
      { cause, details: { components } },
    );
  }
}
