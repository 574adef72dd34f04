import type {
  RestoreNeeds,
  StageOptions,
  Staging,
  SwapFinding,
  SwapPlan,
  Target,
  TargetPlan,
} from '../engine/index.js';
import { InvalidInputError, throwIfCancelled } from '../shared/errors.js';
import { DumpStaging } from './dump-staging.js';
import type { ServerAddress } from './server-address.js';
import type { ServerPlace } from './server-place.js';
import { parseServerPlan } from './server-plan.js';

/** Restores a database on a server, in its live place. A `DumpSource` captures what it restores. */
export class DumpTarget implements Target {
  readonly component = 'DATABASE';

  /**
   * @param address what DATABASE_URL names
   * @param placeOf the place of one restore there
   */
  constructor(
    private readonly address: ServerAddress,
    private readonly placeOf: (restoreId: string) => ServerPlace,
  ) {}

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
    return new DumpStaging(
      { place, address: this.address },
      { restoreId, overwrite, ...(signal && { signal }) },
    );
  }

  /** A server's swap is never final: the old database is kept until the restore is settled. */
  async hasSwapped(plan: SwapPlan): Promise<SwapFinding> {
    parseServerPlan(plan, this.address); // of another database, it cannot be told from here
    return { hasHappened: false, notices: [] };
  }

  async undoSwap(plan: SwapPlan): Promise<void> {
    const { restoreId, identity } = parseServerPlan(plan, this.address);
    const place = this.placeOf(restoreId);
    await place.undo(identity);
    // The old database serves again. What was staged must not hold up anything: `removeStaging` comes to it again.
    await place.discard().catch(() => {});
  }

  async finishSwap(plan: SwapPlan): Promise<void> {
    await this.placeOf(parseServerPlan(plan, this.address).restoreId).settle();
  }

  async removeStaging(restoreId: string): Promise<void> {
    await this.placeOf(restoreId).discard();
  }
}
