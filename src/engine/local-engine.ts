/** The engine in the thread that calls it. The server runs it in a worker (`engine/worker`); tests run it as it is. */
import type { Component } from '../shared/component.js';
import { invariant } from '../shared/errors.js';
import { parseId, type SnapshotId } from './codec/ids.js';
import type {
  BackupOutcome,
  BackupRequest,
  BackupUpdate,
  CheckObjectsRequest,
  CheckObjectsUpdate,
  DamagedBackups,
  Engine,
  ObjectCheck,
  ObjectListing,
  PruneOutcome,
  PruneRequest,
  PruneUpdate,
  RecoveredRestore,
  RestoreOutcome,
  RestoreRequest,
  RestoreTestOutcome,
  RestoreTestRequest,
  RestoreTestUpdate,
  RestoreUpdate,
  RunOptions,
  SnapshotDescription,
  SnapshotPiece,
  StorageMeasure,
  StreamRequest,
  UnendedRestore,
  VerifyOutcome,
  VerifyRequest,
  VerifyUpdate,
} from './engine.js';
import type { RestoreJournal } from './journal.js';
import { describeSnapshot, runBackup } from './operations/backup.js';
import { listObjects, runCheckObjects } from './operations/check-objects.js';
import { findDamagedBackups } from './operations/find-damaged-backups.js';
import { measureStorage } from './operations/measure-storage.js';
import { runPrune } from './operations/prune.js';
import { acknowledgeRestore, recoverRestores } from './operations/recover-restores.js';
import { runRestore } from './operations/restore.js';
import { runScrub, type ScrubOutcome } from './operations/scrub.js';
import { streamSnapshot } from './operations/stream-snapshot.js';
import { runRestoreTest, type ScratchPlace } from './operations/test-restore.js';
import { runVerify } from './operations/verify.js';
import { Repository, type RepositoryDeps } from './repository/repository.js';
import type { HeadOptions } from './repository/repository-head.js';
import type { Source } from './source.js';
import type { Target } from './target.js';

export interface LocalEngineDeps extends RepositoryDeps {
  sources: ReadonlyMap<Component, Source>;
  /** Targets in the live place, or in `targetFolder`. */
  createTargets: (targetFolder: string | null) => ReadonlyMap<Component, Target>;
  journal: RestoreJournal;
  /** Where restores are tested; absent: they are not. */
  openScratch?: (testId: string) => ScratchPlace;
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

  /** As `open`, never making a repository, and reading what is in it only when it is needed: for a few calls. */
  async openUnread(): Promise<void> {
    this.#repository = await Repository.openUnread(this.#deps, { ...this.#options, mayCreate: false });
  }

  async backup(request: BackupRequest, options: RunOptions<BackupUpdate>): Promise<BackupOutcome> {
    const { sources, clock } = this.#deps;
    return runBackup({ repository: this.#opened(), sources, clock }, request, options);
  }

  async restore(request: RestoreRequest, options: RunOptions<RestoreUpdate>): Promise<RestoreOutcome> {
    const { sources, clock, journal } = this.#deps;
    const targets = this.#deps.createTargets(request.targetFolder);
    return runRestore({ repository: this.#opened(), targets, sources, clock, journal }, request, options);
  }

  async recoverRestores(unended: readonly UnendedRestore[]): Promise<RecoveredRestore[]> {
    return recoverRestores(this.#deps, unended);
  }

  async acknowledgeRestore(restore: UnendedRestore): Promise<void> {
    await acknowledgeRestore(this.#deps, restore);
  }

  /** Compares every stored object with its name. */
  async scrub(options: { signal?: AbortSignal } = {}): Promise<ScrubOutcome> {
    return runScrub(this.#deps.store, options);
  }

  async verify(request: VerifyRequest, options: RunOptions<VerifyUpdate>): Promise<VerifyOutcome> {
    return runVerify(this.#opened(), request, options);
  }

  async testRestore(
    request: RestoreTestRequest,
    options: RunOptions<RestoreTestUpdate>,
  ): Promise<RestoreTestOutcome> {
    const { clock, openScratch } = this.#deps;
    invariant(openScratch, 'an engine that tests restores has a scratch place');
    return runRestoreTest({ repository: this.#opened(), clock, openScratch }, request, options);
  }

  async listObjects(options: { signal?: AbortSignal } = {}): Promise<ObjectListing> {
    return listObjects(this.#opened(), options);
  }

  async checkObjects(
    request: CheckObjectsRequest,
    options: RunOptions<CheckObjectsUpdate>,
  ): Promise<ObjectCheck[]> {
    return runCheckObjects({ repository: this.#opened(), clock: this.#deps.clock }, request, options);
  }

  async findDamagedBackups(options: { signal?: AbortSignal } = {}): Promise<DamagedBackups> {
    return findDamagedBackups(this.#opened(), options);
  }

  streamSnapshot(
    request: StreamRequest,
    options: { signal?: AbortSignal } = {},
  ): AsyncIterable<SnapshotPiece> {
    return streamSnapshot(this.#opened(), request, options);
  }

  async listSnapshots(options: { signal?: AbortSignal } = {}): Promise<SnapshotDescription[]> {
    const repository = this.#opened();
    await repository.refreshCatalogue(options);
    return [...repository.catalogue()].map(describeSnapshot);
  }

  /** Ids of snapshots that the last listing found damaged, and left out. */
  unreadableSnapshots(): string[] {
    return [...this.#opened().unreadableSnapshots];
  }

  async deleteSnapshot(snapshotId: string): Promise<void> {
    await this.#opened().deleteSnapshot(parseId<SnapshotId>(snapshotId));
  }

  async prune(request: PruneRequest, options: RunOptions<PruneUpdate>): Promise<PruneOutcome> {
    return runPrune({ repository: this.#opened(), clock: this.#deps.clock }, request, options);
  }

  async measureStorage(options: { signal?: AbortSignal } = {}): Promise<StorageMeasure> {
    return measureStorage(this.#deps.store, options);
  }

  async deriveKey(purpose: string): Promise<Uint8Array> {
    return this.#opened().keys.deriveKey(purpose);
  }

  async close(): Promise<void> {
    this.#repository = null;
  }

  #opened(): Repository {
    invariant(this.#repository, 'the engine is opened before it is used');
    return this.#repository;
  }
}
