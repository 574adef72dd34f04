/**
 * What a restore writes down before it touches live data, so that the next start of the server can undo or finish it
 * (docs/adr/0007). Implemented in `src/sources`; the engine decides when what is written.
 */
import type { Component } from '../shared/component.js';
import type { RestoreOutcome } from './engine.js';

/** Plain data of a target's own: what a swap will do, enough for another process to undo or finish it. */
export type SwapPlan = { readonly [key: string]: PlanValue };
type PlanValue = string | number | boolean | null | readonly PlanValue[] | SwapPlan;

/**
 * `swapping`: live data may have been touched and is to be brought back; `committed`: the restore stands; `leftover`: it
 * has ended and its end is known, but something that it kept or staged could not be removed yet.
 */
export type JournalState = 'swapping' | 'committed' | 'leftover';

/** One restore that is replacing live data, or has. */
export interface JournalEntry {
  restoreId: string;
  backupId: string;
  /** As in the request. */
  targetFolder: string | null;
  state: JournalState;
  /** In the order of their swaps. */
  parts: readonly JournalPart[];
  /** What the restore answers once it stands. */
  outcome: RestoreOutcome;
  /** Of a `leftover`: components whose staging may be there still. */
  staged?: readonly Component[];
  /** As in the request: they say where parts were staged. */
  paths?: readonly string[] | null;
}

/** One component of a restore. */
export interface JournalPart {
  component: Component;
  /** True for a swap that commits the restore and cannot be taken back; only the last part may be. */
  isFinal: boolean;
  plan: SwapPlan;
}

/** Keeps entries where a power cut does not reach them. */
export interface RestoreJournal {
  /**
   * Puts `entry` in the place of what is known of the same restore. Durable when it resolves; when it throws, what was
   * written before is what `list` finds.
   * @throws StorageError
   */
  write(entry: JournalEntry): Promise<void>;
  /** Not there: not an error. @throws StorageError */
  remove(restoreId: string): Promise<void>;
  /** @throws IntegrityError when an entry cannot be understood, StorageError */
  list(): Promise<JournalEntry[]>;
}
