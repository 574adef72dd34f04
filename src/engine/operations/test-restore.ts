/**
 * Restores one backup to a scratch place, looks at what came out, and removes it again. Live data is not touched.
 * Component by component, so that the scratch place holds one of them at a time.
 */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../shared/clock.js';
import type { Component } from '../../shared/component.js';
import { invariant, throwIfCancelled } from '../../shared/errors.js';
import { assertSpace } from '../../shared/space.js';
import type {
  RestoreTestOutcome,
  RestoreTestRequest,
  RestoreTestUpdate,
  RunOptions,
  TestedComponent,
} from '../engine.js';
import { ChunkReader } from '../repository/chunk-reader.js';
import type { Repository } from '../repository/repository.js';
import { domainOf } from '../snapshot/snapshot-object.js';
import type { Staging, Target } from '../target.js';
import { readSnapshot } from './read-snapshot.js';
import { chooseParts, type RestorePart } from './restore-parts.js';
import { stageComponent } from './stage-component.js';

/** Where a backup is restored to for a test. */
export interface ScratchPlace {
  targets: ReadonlyMap<Component, Target>;
  /** Removes the place. What the targets staged must have been discarded. */
  remove(): void;
}

/** What a restore test works with. */
export interface RestoreTestDeps {
  repository: Repository;
  clock: Clock;
  /** Makes a place that nobody else uses. */
  openScratch: (testId: string) => ScratchPlace;
}

/**
 * Tests one backup.
 * @throws IntegrityError naming what is wrong with it; CancelledError, ConflictError, NotFoundError, StorageError,
 *   SourceError when it could not be tested
 */
export async function runRestoreTest(
  deps: RestoreTestDeps,
  request: RestoreTestRequest,
  options: RunOptions<RestoreTestUpdate>,
): Promise<RestoreTestOutcome> {
  const signalOption = options.signal ? { signal: options.signal } : {};
  const leaseOptions = { snapshot: request.snapshotId, ...signalOption };
  return deps.repository.withLease('reader', leaseOptions, () => testSnapshot(deps, request, options));
}

async function testSnapshot(
  deps: RestoreTestDeps,
  request: RestoreTestRequest,
  options: RunOptions<RestoreTestUpdate>,
): Promise<RestoreTestOutcome> {
  const { repository } = deps;
  const signalOption = options.signal ? { signal: options.signal } : {};
  const snapshot = await readSnapshot(repository, request.snapshotId);
  const reader = new ChunkReader(repository, domainOf(snapshot), signalOption);
  const components = snapshot.components.map(({ component }) => component);
  const parts = await chooseParts(reader, snapshot, { components, paths: null });
  const scratch = deps.openScratch(request.testId);
  try {
    return { components: await new RestoreTest(deps, request, options, { reader, scratch }).run(parts) };
  } finally {
    scratch.remove();
  }
}

class RestoreTest {
  readonly #update: RestoreTestUpdate = { phase: 'TESTING', component: null, processedBytes: 0 };

  constructor(
    private readonly deps: RestoreTestDeps,
    private readonly request: RestoreTestRequest,
    private readonly options: RunOptions<RestoreTestUpdate>,
    private readonly place: { reader: ChunkReader; scratch: ScratchPlace },
  ) {}

  async run(parts: readonly RestorePart[]): Promise<TestedComponent[]> {
    const tested: TestedComponent[] = [];
    for (const part of parts) {
      throwIfCancelled(this.options.signal);
      this.#update.component = part.component;
      this.#done(0);
      tested.push(await this.#test(part));
    }
    return tested;
  }

  async #test(part: RestorePart): Promise<TestedComponent> {
    const { component, totalBytes, totalFiles } = part;
    const target = this.place.scratch.targets.get(component);
    invariant(target, 'every component has a target');
    const signalOption = this.options.signal ? { signal: this.options.signal } : {};
    const stageOptions = { restoreId: this.request.testId, overwrite: true, ...signalOption };
    const startedMs = this.deps.clock.monotonicMs();
    assertSpace((await target.plan({ totalBytes, totalFiles }, stageOptions)).space);
    const staging = await target.stage(stageOptions);
    try {
      const { files, sizeBytes } = await this.#stage(part, staging);
      await staging.check({ ...signalOption, onBytes: () => this.#done(0) });
      const found = (await staging.examine?.(signalOption)) ?? { tables: [], findings: [] };
      const durationMs = this.deps.clock.monotonicMs() - startedMs;
      const findings = [...found.findings, ...(staging.notices ?? [])];
      return { component, files, sizeBytes, durationMs, tables: found.tables, findings };
    } finally {
      await staging.discard();
      await setImmediate();
    }
  }

  async #stage(part: RestorePart, staging: Staging): Promise<{ files: number; sizeBytes: number }> {
    const staged = { files: 0, sizeBytes: 0 };
    await stageComponent(this.place.reader, part.component, part.content, staging, {
      written: (bytes) => {
        staged.sizeBytes += bytes;
        this.#done(bytes);
      },
      restored: () => {
        staged.files += 1;
      },
      skipped: () => {},
    });
    invariant(staged.files === part.totalFiles, 'a scratch place takes every file');
    return staged;
  }

  #done(bytes: number): void {
    this.#update.processedBytes += bytes;
    this.options.onProgress?.({ ...this.#update });
  }
}
