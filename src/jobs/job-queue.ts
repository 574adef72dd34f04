/**
 * The queue that runs operations. Those that write run one at a time; the others wait in the order they came.
 * What a job does, and how its state is stored, is the services' concern: the queue knows ids and order only.
 */

/** Work that the queue runs once. */
export interface Job {
  /** Unique among the jobs that have not ended. */
  id: string;
  /** Runs to its end, or ends soon after `signal` aborts. Stores its own outcome; a rejection is a bug, and reported. */
  run(signal: AbortSignal): Promise<void>;
}

/** What `cancel` met: a job that waited and will not run, one that ran and has now ended, or none. */
export type CancelOutcome = 'removed' | 'ended' | 'unknown';

/** In this process, or later shared by several servers. */
export interface JobQueue {
  /** @throws StorageError (SERVICE_UNAVAILABLE) once `drain` was called */
  refuseWhenDraining(): void;
  /**
   * Adds a job behind those that wait.
   * @throws StorageError (SERVICE_UNAVAILABLE) once `drain` was called
   */
  enqueue(job: Job): void;
  /** How many jobs run and wait now. */
  readonly load: { running: number; waiting: number };
  /** Removes a waiting job, or aborts a running one with `reason` and waits until it has ended. */
  cancel(id: string, reason: Error): Promise<CancelOutcome>;
  /**
   * Refuses new work and forgets what waits (its stored state says that it is still to be done), gives running jobs
   * `graceMs` to end, then aborts them and waits. May be called twice.
   */
  drain(graceMs: number): Promise<void>;
}
