/**
 * The contestants: what is compared. All back up the same till on the same disk, encrypt, and compress about as hard;
 * each says what it makes durable, because that is what the others may have left out.
 */
import type { Measurement } from '../measure/measurement.js';

/** What is measured, in the order in which it is done. */
export const STEPS = ['first', 'unchanged', 'verify', 'scattered', 'day', 'restore', 'live'] as const;
/** One of them; `docs/benchmarks.md` says what each does. */
export type Step = (typeof STEPS)[number];

export const CONTESTANT_NAMES = [
  'tillvault',
  'restic',
  'borg',
  'pipeline',
  'cp',
  'cp-synced',
  'archiver',
] as const;
/** Who takes part. */
export type ContestantName = (typeof CONTESTANT_NAMES)[number];

/** Somebody who takes part. */
export interface Contestant {
  name: ContestantName;
  /** What is run, for reports. */
  title: string;
  /** Programs and their versions. */
  version: string;
  /** What has reached the disk when a step ends. */
  syncs: string;
  /** Prepares everything that is not measured. */
  open(place: Place): Promise<Session>;
}

/** Where a contestant works. */
export interface Place {
  /** Absolute folder of the till. */
  till: string;
  /** Absolute folder for itself, empty, on the same disk. */
  work: string;
  signal: AbortSignal;
}

/** One run of a contestant. */
export interface Session extends AsyncDisposable {
  /** What it can do. Each is called once, in the order of STEPS. */
  steps: Partial<Record<Step, () => Promise<Measurement>>>;
  /** The folder that holds what it has stored; null when it stores nothing. */
  repository: string | null;
  /** The folder that `restore` fills; made by the contestant, removed by the caller. */
  restored: string;
  /** Memory of the process before it did anything, in bytes; null when it has none that waits. */
  idleBytes: number | null;
}
