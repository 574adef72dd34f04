/** Pieces that have come from the engine's thread and were not taken yet: at most BATCH_CREDITS batches. */
import type { SnapshotPiece } from '../engine.js';

interface Batch {
  pieces: SnapshotPiece[];
  /** Lets the engine send another one. */
  grant: () => void;
}

export class PieceInbox {
  readonly #batches: Batch[] = [];
  #changed = Promise.withResolvers<void>();
  #end: { error: unknown } | 'ended' | null = null;

  /** Takes in a batch. `grant` is called when it is looked at. */
  add(pieces: SnapshotPiece[], grant: () => void): void {
    this.#batches.push({ pieces, grant });
    this.#changed.resolve();
  }

  /** No more will come. */
  end(): void {
    this.#end ??= 'ended';
    this.#changed.resolve();
  }

  /** No more will come, because of `error`. What has come before is still given out first. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#changed.resolve();
  }

  /** Everything, in order. @throws what `fail` was told */
  async *takeAll(): AsyncGenerator<SnapshotPiece, void, void> {
    for (;;) {
      const batch = this.#batches.shift();
      if (batch) {
        batch.grant();
        yield* batch.pieces;
      } else if (this.#end === 'ended') return;
      else if (this.#end) throw this.#end.error;
      else {
        await this.#changed.promise;
        this.#changed = Promise.withResolvers<void>();
      }
    }
  }
}
