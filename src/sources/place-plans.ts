/**
 * What swaps of folders will do, as plain data for the journal of a restore: enough for another process to undo it by
 * looking at the disk. Paths are absolute. Names and paths below a place are bytes, written as latin1 strings.
 */

/** Fields that every plan has. */
type PlanBase = {
  /** How a message names the place. */
  shownAs: string;
  /** The live place, links followed. */
  live: string;
  /** The staging folder. */
  folder: string;
  /** Folders that will be made on the way to the live place, outermost first. */
  missing: string[];
};

/** The place is replaced as a whole, by renames. */
export type ReplacingPlan = PlanBase & {
  kind: 'replace';
  /** True when the place must be free. */
  exclusive: boolean;
  /** True when something is there. */
  isTaken: boolean;
};

/** What the place lacks is added to it. */
export type AddingPlan = PlanBase & {
  kind: 'add';
  /** Folders that will be made, only the topmost of each branch; `new` is the place itself. */
  made: string[];
  /** Folders that will be added to: path, access time and modification time in nanoseconds since 1970. */
  touched: [path: string, atimeNs: string, mtimeNs: string][];
};

/** What is in the place is replaced, entry by entry: it is a mount point. */
export type ContentsPlan = PlanBase & {
  kind: 'contents';
  /** Names that come in. */
  names: string[];
  /** The place's own metadata before. */
  before: { mode: number; uid: number; gid: number; mtimeNs: string };
};

/** What the swap of one place will do. */
export type PlacePlan = ReplacingPlan | AddingPlan | ContentsPlan;
