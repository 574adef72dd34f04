/**
 * The server's side of the thread boundary: an Engine whose work happens in a worker thread with a heap of its own, so
 * that a backup delays no query. A thread that dies fails the calls it had, and the next call starts another.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Worker } from 'node:worker_threads';
import { AppError, CancelledError, StorageError } from '../../shared/errors.js';
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
} from '../engine.js';
import { PieceInbox } from './piece-inbox.js';
import {
  type Calls,
  type FromEngine,
  fromFailure,
  type Method,
  type ToEngine,
  type Update,
} from './protocol.js';

export interface WorkerEngineDeps {
  /** Starts the thread; it must serve the engine on its parent port. */
  startWorker: () => Worker;
  /** Told of damage that was worked around, and of a thread that died. */
  onWarning: (message: string, error?: unknown) => void;
}

interface PendingCall {
  resolve: (answer: Calls[Method]['answer']) => void;
  reject: (error: Error) => void;
  onProgress: ((update: Update) => void) | undefined;
  /** Runs something as part of what made the call: lines of the log then say which request that was. */
  inCaller: <T>(work: () => T) => T;
  /** Takes the batches of a stream. */
  inbox: PieceInbox | undefined;
}

export class WorkerEngine implements Engine {
  readonly #deps: WorkerEngineDeps;
  readonly #pending = new Map<number, PendingCall>();
  #worker: Worker | null = null;
  #opening: Promise<void> | null = null;
  #lastId = 0;
  #closed = false;

  constructor(deps: WorkerEngineDeps) {
    this.#deps = deps;
  }

  async open({ mayCreate }: { mayCreate: boolean }): Promise<void> {
    if (this.#closed) throw new StorageError('SERVICE_UNAVAILABLE', 'The server is shutting down');
    this.#opening ??= this.#start(mayCreate);
    const opening = this.#opening;
    try {
      await opening;
    } catch (error) {
      if (this.#opening === opening) this.#opening = null;
      throw error;
    }
  }

  async backup(request: BackupRequest, options: RunOptions<BackupUpdate>): Promise<BackupOutcome> {
    await this.#ensureOpen();
    return this.#call('backup', request, options);
  }

  async restore(request: RestoreRequest, options: RunOptions<RestoreUpdate>): Promise<RestoreOutcome> {
    await this.#ensureOpen();
    return this.#call('restore', request, options);
  }

  async recoverRestores(unended: readonly UnendedRestore[]): Promise<RecoveredRestore[]> {
    await this.#ensureOpen();
    return this.#call('recoverRestores', unended, {});
  }

  async acknowledgeRestore(restore: UnendedRestore): Promise<void> {
    await this.#ensureOpen();
    await this.#call('acknowledgeRestore', restore, {});
  }

  async verify(request: VerifyRequest, options: RunOptions<VerifyUpdate>): Promise<VerifyOutcome> {
    await this.#ensureOpen();
    return this.#call('verify', request, options);
  }

  async testRestore(
    request: RestoreTestRequest,
    options: RunOptions<RestoreTestUpdate>,
  ): Promise<RestoreTestOutcome> {
    await this.#ensureOpen();
    return this.#call('testRestore', request, options);
  }

  async listObjects(options: { signal?: AbortSignal } = {}): Promise<ObjectListing> {
    await this.#ensureOpen();
    return this.#call('listObjects', null, options);
  }

  async checkObjects(
    request: CheckObjectsRequest,
    options: RunOptions<CheckObjectsUpdate>,
  ): Promise<ObjectCheck[]> {
    await this.#ensureOpen();
    return this.#call('checkObjects', request, options);
  }

  async findDamagedBackups(options: { signal?: AbortSignal } = {}): Promise<DamagedBackups> {
    await this.#ensureOpen();
    return this.#call('findDamagedBackups', null, options);
  }

  async *streamSnapshot(
    request: StreamRequest,
    { signal }: { signal?: AbortSignal } = {},
  ): AsyncGenerator<SnapshotPiece, void, void> {
    await this.#ensureOpen();
    const inbox = new PieceInbox();
    const left = new AbortController();
    const call = this.#call(
      'streamSnapshot',
      request,
      { signal: signal ? AbortSignal.any([signal, left.signal]) : left.signal },
      inbox,
    ).then(
      () => inbox.end(),
      (error: unknown) => inbox.fail(error),
    );
    try {
      yield* inbox.takeAll();
    } finally {
      left.abort(); // the engine stops when the reader has left early
      await call;
    }
  }

  async listSnapshots(options: { signal?: AbortSignal } = {}): Promise<SnapshotDescription[]> {
    await this.#ensureOpen();
    return this.#call('listSnapshots', null, options);
  }

  async prune(request: PruneRequest, options: RunOptions<PruneUpdate>): Promise<PruneOutcome> {
    await this.#ensureOpen();
    return this.#call('prune', request, options);
  }

  async deleteSnapshot(snapshotId: string): Promise<void> {
    await this.#ensureOpen();
    await this.#call('deleteSnapshot', snapshotId, {});
  }

  async measureStorage(options: { signal?: AbortSignal } = {}): Promise<StorageMeasure> {
    await this.#ensureOpen();
    return this.#call('measureStorage', null, options);
  }

  async deriveKey(purpose: string): Promise<Uint8Array> {
    await this.#ensureOpen();
    return this.#call('deriveKey', purpose, {});
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
    this.#failPending(new CancelledError('The server was stopped while the operation ran'));
  }

  /** After the thread died the repository is there: it is opened, not made. */
  #ensureOpen(): Promise<void> {
    return this.open({ mayCreate: false });
  }

  async #start(mayCreate: boolean): Promise<void> {
    const worker = this.#deps.startWorker();
    this.#worker = worker;
    worker.on('message', (message: FromEngine) => this.#receive(message));
    worker.on('error', (error) => this.#deps.onWarning('The engine thread failed', error));
    worker.on('exit', () => this.#lost(worker));
    try {
      await this.#call('open', { mayCreate }, {});
    } catch (error) {
      if (this.#worker === worker) this.#worker = null; // the next call starts another
      await worker.terminate();
      throw error;
    }
  }

  #lost(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#opening = null;
    this.#failPending(
      new AppError('INTERRUPTED', 'The engine thread ended unexpectedly; start the operation again'),
    );
  }

  #failPending(error: Error): void {
    const calls = [...this.#pending.values()];
    this.#pending.clear();
    for (const call of calls) call.reject(error);
  }

  async #call<M extends Method>(
    method: M,
    request: Calls[M]['request'],
    { signal, onProgress }: RunOptions<Calls[M]['update']>,
    inbox?: PieceInbox,
  ): Promise<Calls[M]['answer']> {
    if (signal?.aborted) throw new CancelledError();
    const id = ++this.#lastId;
    const cancel = () => this.#send({ kind: 'cancel', id });
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await new Promise<Calls[M]['answer']>((resolve, reject) => {
        this.#pending.set(id, {
          resolve,
          reject,
          onProgress: onProgress as PendingCall['onProgress'],
          inCaller: AsyncLocalStorage.snapshot(),
          inbox,
        });
        this.#send({ kind: 'call', id, method, request } as ToEngine);
      });
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  #send(message: ToEngine): void {
    this.#worker?.postMessage(message);
  }

  #receive(message: FromEngine): void {
    if (message.kind === 'warning') this.#warn(message.id, message.message);
    else if (message.kind === 'pieces') this.#deliver(message);
    else if (message.kind === 'progress') this.#pending.get(message.id)?.onProgress?.(message.update);
    else this.#settle(message);
  }

  #warn(id: number | null, message: string): void {
    const warn = () => this.#deps.onWarning(message);
    const call = id === null ? undefined : this.#pending.get(id);
    if (call) call.inCaller(warn);
    else warn();
  }

  #deliver({ id, pieces }: Extract<FromEngine, { kind: 'pieces' }>): void {
    this.#pending.get(id)?.inbox?.add(pieces, () => this.#send({ kind: 'credit', id }));
  }

  #settle(message: Extract<FromEngine, { kind: 'answer' | 'failure' }>): void {
    const call = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === 'answer') call?.resolve(message.answer);
    else call?.reject(fromFailure(message.failure));
  }
}
