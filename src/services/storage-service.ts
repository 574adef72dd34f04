import type { BackupRepository } from '../db/backup-repository.js';
import type { Engine, StorageMeasure } from '../engine/index.js';
import type { Clock } from '../shared/clock.js';

/** What the storage service works with. */
export interface StorageServiceDeps {
  engine: Pick<Engine, 'measureStorage'>;
  backups: Pick<BackupRepository, 'sumCompleted'>;
  clock: Clock;
}

/** The contract's `StorageStatus`. */
export interface StorageStatus {
  location: string;
  usedBytes: number;
  freeBytes: number | null;
  sizeBytes: number;
  reductionRatio: number;
}

/** How long figures are given again: a listing of a large repository takes a second or two. */
const FRESH_MS = 10_000;

/** Says how full the storage is. */
export class StorageService {
  readonly #deps: StorageServiceDeps;
  #last: { atMs: number; measure: Promise<StorageMeasure>; isPending: boolean } | null = null;

  constructor(deps: StorageServiceDeps) {
    this.#deps = deps;
  }

  /** @throws StorageError when the storage or the metadata cannot be reached */
  async status(): Promise<StorageStatus> {
    const [{ location, usedBytes, freeBytes }, { sizeBytes }] = await Promise.all([
      this.measure(),
      this.#deps.backups.sumCompleted(),
    ]);
    return { location, usedBytes, freeBytes, sizeBytes, reductionRatio: toRatio(sizeBytes, usedBytes) };
  }

  /**
   * What is used and free, at most ten seconds old. All who ask at once share one listing.
   * @throws StorageError when the storage cannot be reached or written
   */
  async measure({ signal }: { signal?: AbortSignal } = {}): Promise<StorageMeasure> {
    const nowMs = this.#deps.clock.monotonicMs();
    const last = this.#last;
    // A storage that hangs is asked once, however long it takes: another question would hang too.
    const isFresh = last !== null && (last.isPending || nowMs - last.atMs <= FRESH_MS);
    const measure = await (isFresh ? last.measure : this.#begin(nowMs));
    signal?.throwIfAborted();
    return measure;
  }

  #begin(atMs: number): Promise<StorageMeasure> {
    const measure = this.#deps.engine.measureStorage();
    const begun = { atMs, measure, isPending: true };
    this.#last = begun;
    measure.then(
      () => {
        begun.isPending = false;
      },
      () => {
        // A failure is not kept: whoever asks next finds out anew.
        if (this.#last === begun) this.#last = null;
      },
    );
    return measure;
  }
}

/** How many times more was backed up than is stored; 1 while nothing is. */
export function toRatio(sizeBytes: number, usedBytes: number): number {
  return sizeBytes === 0 || usedBytes === 0 ? 1 : sizeBytes / usedBytes;
}
