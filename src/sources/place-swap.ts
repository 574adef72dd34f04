import type { RestoredDirectory } from '../engine/index.js';
import type { PlacePlan } from './place-plans.js';
import type { StagedTree } from './staged-tree.js';
import type { StagingFolder } from './staging-folder.js';

/** The name of the staged copy in its staging folder. */
export const STAGED = 'new';
/** The name, in the same folder, of what it replaced. */
export const KEPT = 'old';

/** One staged root and where it belongs. */
export interface StagedPlace {
  /** Prefix of its entries in the manifest; empty for a place that takes them all. */
  label: string;
  /** How a message names it. */
  shownAs: string;
  /** Where it belongs, absolute, links followed. */
  live: string;
  /** True when the live place cannot be renamed. */
  isMountPoint: boolean;
  folder: StagingFolder;
  tree: StagedTree;
  /** The root's own entry when it is a folder: its time must be set again after a rename. */
  top: RestoredDirectory | null;
  /** Entries of the folders above the root, for those that are missing. */
  metadataOf: (folder: string) => RestoredDirectory | undefined;
}

/**
 * A way of putting one staged place live and of taking it back. `undo` also takes back a `swap` that threw half-way,
 * and nothing when nothing was done: it goes by what is on disk, as the undo after a crash does.
 */
export interface PlaceSwap {
  /** What will be done, as plain data; made with the swap, before anything is done. */
  readonly plan: PlacePlan;
  /** @throws CancelledError when `signal` aborts before everything is done */
  swap(options?: { signal?: AbortSignal }): Promise<void>;
  undo(): Promise<void>;
}
