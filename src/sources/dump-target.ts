import type {
  RestoreNeeds,
  StageOptions,
  Staging,
  SwapFinding,
  SwapPlan,
  Target,
  TargetPlan,
} from '../engine/index.js';
import { InvalidInputError, invariant, throwIfCancelled } from '../shared/errors.js';
import { DumpStaging } from './dump-staging.js';
import type { ServerPlace } from './server-place.js';

/** Restores a database on a server, in its live place. A `DumpSource` captures what it restores. */
export class DumpTarget implements Target {
  readonly component = 'DATABASE';

  /** @param placeOf the place of one restore */
  constructor(private readonly placeOf: (restoreId: string) => ServerPlace) {}

  async plan(_needs: RestoreNeeds, options: StageOptions): Promise<TargetPlan> {
    const { restoreId, overwrite, paths, signal } = options;
    throwIfCancelled(signal);
    if (paths) {
      throw new InvalidInputError(
        'A database on a server is restored as a whole: leave out its paths, or restore them to a target path',
      );
    }
    const isThere = await this.placeOf(restoreId).plan({ overwrite });
    return { live: isThere ? 'present' : 'absent', space: [] }; // what is free there cannot be asked
  }

  async stage({ restoreId, overwrite, signal }: StageOptions): Promise<Staging> {
    const place = this.placeOf(restoreId);
    await place.create();
    return new DumpStaging(place, { restoreId, overwrite, ...(signal && { signal }) });
  }

  /** A server's swap is never final: the old database is kept until the restore is settled. */
  async hasSwapped(): Promise<SwapFinding> {
    return { hasHappened: false, notices: [] };
  }

  async undoSwap(plan: SwapPlan): Promise<void> {
    const place = this.#placeIn(plan);
    await place.undo();
    await place.discard();
  }

  async finishSwap(plan: SwapPlan): Promise<void> {
    await this.#placeIn(plan).settle();
  }

  async removeStaging(restoreId: string): Promise<void> {
    await this.placeOf(restoreId).discard();
  }

  #placeIn({ restoreId }: SwapPlan): ServerPlace {
    invariant(typeof restoreId === 'string', 'the plan of a database on a server names its restore');
    return this.placeOf(restoreId);
  }
}
