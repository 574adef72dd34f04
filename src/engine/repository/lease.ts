/** One lease: the word of a process at work that it relies on what is stored (docs/format.md §10.1, §10.3). */
import { AppError, ConflictError, NotFoundError, StorageError } from '../../shared/errors.js';
import type { StartTimer } from '../../shared/timer.js';
import type { ObjectStore } from '../../storage/object-store.js';
import type { LeaseName, SnapshotId } from '../codec/ids.js';
import { type ControlContent, type ControlDeps, openControl, sealControl } from './control-object.js';

/** A lease is replaced this often while its holder lives. */
export const BEAT_EVERY_MS = 30_000;

/** What its holder does. */
export type LeaseKind = ControlContent<'lease'>['kind'];

/** What a lease says when it is taken. */
export interface LeaseTerms {
  kind: LeaseKind;
  /** The generation that its holder honours. */
  generation: number;
  /** What a reader reads. */
  snapshot: string | null;
}

/** What a lease works with. */
export interface LeaseDeps extends ControlDeps {
  store: ObjectStore;
  startTimer: StartTimer;
  onWarning: (message: string) => void;
  /** Told of a lease that could not be removed when it was given up. */
  onLeftBehind: (name: LeaseName) => void;
}

/** The holder's side of a lease. Ended by `release`, whatever happened. */
export class Lease {
  readonly name: LeaseName;
  readonly #deps: LeaseDeps;
  readonly #terms: LeaseTerms;
  readonly #stopTimer: () => void;
  #beat = 0;
  #isStored = false;
  #isDeclared = false;
  #isReleased = false;
  /** Writes of the lease object follow each other. */
  #tail: Promise<void> = Promise.resolve();

  private constructor(name: LeaseName, deps: LeaseDeps, terms: LeaseTerms) {
    this.name = name;
    this.#deps = deps;
    this.#terms = { ...terms };
    this.#stopTimer = deps.startTimer(BEAT_EVERY_MS, () => void this.beat()); // never rejects
  }

  /**
   * Stores a lease and keeps it beating. A reader that cannot store one goes on without: a full storage must not stand
   * in the way of a restore.
   * @throws StorageError for other kinds
   */
  static async take(name: LeaseName, deps: LeaseDeps, terms: LeaseTerms): Promise<Lease> {
    const lease = new Lease(name, deps, terms);
    try {
      await lease.#store();
    } catch (error) {
      if (terms.kind !== 'reader' || !(error instanceof StorageError)) {
        await lease.release();
        throw error;
      }
      deps.onWarning(
        `The storage takes no lease, so that a clean-up of another server may remove what is being read: ${error.message}`,
      );
    }
    return lease;
  }

  /** Promises to rely on nothing that generations up to `generation` condemn. Never goes back. */
  async honour(generation: number): Promise<void> {
    if (generation <= this.#terms.generation) return;
    this.#terms.generation = generation;
    if (this.#isStored) await this.#store();
  }

  /**
   * Claims the right to commit `snapshot`, which nobody can take back any more without making it impossible.
   * @throws AppError INTERRUPTED when the lease was revoked
   */
  async declare(snapshot: SnapshotId): Promise<void> {
    const key = fenceKey(this.name);
    this.#isDeclared = true; // before: a `put` that fails may have stored it
    const fence = sealControl(this.#deps, 'fence', key, { snapshot });
    try {
      await this.#deps.store.put(key, [fence], { ifAbsent: true });
    } catch (error) {
      throw error instanceof ConflictError ? revoked(error) : error;
    }
  }

  /** Throws the error to end with when the lease was revoked while it was relied upon. */
  async assertHeld(cause?: unknown): Promise<void> {
    if (await this.#isRevoked()) throw revoked(cause);
  }

  /** Shows that the holder lives. Never rejects: a beat that is lost is made up for by the next one. */
  async beat(): Promise<void> {
    try {
      if (this.#isReleased || !this.#isStored || (await this.#isRevoked())) return;
      this.#beat++;
      await this.#store();
    } catch {
      // The storage is out of reach for the moment; when it stays so, the work itself fails.
    }
  }

  /** Gives the lease up. Never rejects: a lease that cannot be removed now is reported to `onLeftBehind`. */
  async release(): Promise<void> {
    this.#isReleased = true;
    this.#stopTimer();
    const { store, onLeftBehind } = this.#deps;
    try {
      await this.#tail;
      await store.delete(leaseKey(this.name));
      if (this.#isDeclared) await store.delete(fenceKey(this.name));
    } catch {
      onLeftBehind(this.name);
    }
  }

  async #isRevoked(): Promise<boolean> {
    const key = fenceKey(this.name);
    try {
      const fence = await openControl(this.#deps.keys, 'fence', key, await this.#deps.store.get(key));
      return fence.snapshot === null;
    } catch (error) {
      if (error instanceof NotFoundError) return false;
      throw error;
    }
  }

  #store(): Promise<void> {
    const storing = this.#tail.then(async () => {
      if (this.#isReleased) return;
      const key = leaseKey(this.name);
      const { generation, kind, snapshot } = this.#terms;
      const content = { generation, kind, snapshot, beat: this.#beat };
      await this.#deps.store.put(key, [sealControl(this.#deps, 'lease', key, content)]);
      this.#isStored = true;
    });
    this.#tail = storing.catch(() => {}); // reported to whoever asked for it
    return storing;
  }
}

/** Key of a lease object. */
export function leaseKey(name: LeaseName): string {
  return `leases/${name}`;
}

/** Key of the fence of a lease. */
export function fenceKey(name: LeaseName): string {
  return `fences/${name}`;
}

function revoked(cause?: unknown): AppError {
  return new AppError(
    'INTERRUPTED',
    'The operation stood still for so long that a clean-up took it for dead; start it again',
    { cause, retryable: true },
  );
}
