/** The engine in the thread that calls it. The server runs it in a worker (`engine/worker`); tests run it as it is. */
import type { Component } from '../shared/component.js';
import { invariant } from '../shared/errors.js';
import { parseId, type SnapshotId } from './codec/ids.js';
import type {
  BackupOutcome,
  BackupRequest,
  BackupUpdate,
  Engine,
  RestoreOutcome,
  RestoreRequest,
  RestoreUpdate,
  RunOptions,
  SnapshotDescription,
} from './engine.js';
import { runBackup, toOutcome } from './operations/backup.js';
import { runRestore } from './operations/restore.js';
import { Repository, type RepositoryDeps } from './repository/repository.js';
import type { HeadOptions } from './repository/repository-head.js';
import type { Source } from './source.js';
import type { Target } from './target.js';

export interface LocalEngineDeps extends RepositoryDeps {
  sources: ReadonlyMap<Component, Source>;
  /** Targets in the live place, or in `targetFolder`. */
  createTargets: (targetFolder: string | null) => ReadonlyMap<Component, Target>;
}

/** The passphrase, and the cost of turning it into a key. */
export type LocalEngineOptions = Omit<HeadOptions, 'mayCreate'>;

export class LocalEngine implements Engine {
  readonly #deps: LocalEngineDeps;
  readonly #options: LocalEngineOptions;
  #repository: Repository | null = null;

  constructor(deps: LocalEngineDeps, options: LocalEngineOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  async open({ mayCreate }: { mayCreate: boolean }): Promise<void> {
    this.#repository = await Repository.open(this.#deps, { ...this.#options, mayCreate });
  }

  async backup(request: BackupRequest, options: RunOptions<BackupUpdate>): Promise<BackupOutcome> {
    const { sources, clock } = this.#deps;
    return runBackup({ repository: this.#opened(), sources, clock }, request, options);
  }

  async restore(request: RestoreRequest, options: RunOptions<RestoreUpdate>): Promise<RestoreOutcome> {
    const targets = this.#deps.createTargets(request.targetFolder);
    return runRestore({ repository: this.#opened(), targets }, request, options);
  }

  async listSnapshots(options: { signal?: AbortSignal } = {}): Promise<SnapshotDescription[]> {
    const repository = this.#opened();
    await repository.refresh(options);
    return [...repository.catalogue()].map((snapshot) => ({
      ...toOutcome(snapshot.id, snapshot),
      backupId: snapshot.backupId,
      encrypted: snapshot.encrypted,
      compressed: snapshot.compressed,
      startedAtMs: snapshot.startedAtMs,
      completedAtMs: snapshot.completedAtMs,
      labels: snapshot.labels,
    }));
  }

  async deleteSnapshot(snapshotId: string): Promise<void> {
    await this.#opened().deleteSnapshot(parseId<SnapshotId>(snapshotId));
  }

  async close(): Promise<void> {
    this.#repository = null;
  }

  #opened(): Repository {
    invariant(this.#repository, 'the engine is opened before it is used');
    return this.#repository;
  }
}
