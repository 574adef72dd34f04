import { setTimeout as delay } from 'node:timers/promises';
import { AppError, StorageError } from '../shared/errors.js';
import { inLogContext, type LogContext, logContext } from '../shared/log-context.js';
import type { CancelOutcome, Job, JobQueue } from './job-queue.js';

/** A job whose turn has not come. */
interface Waiting {
  job: Job;
  /** Of the request that asked for it: its lines in the log say so, whoever's job ended before it. */
  context: LogContext;
}

/** A job that has been started. */
interface Running {
  job: Job;
  controller: AbortController;
  /** Resolves when the job has ended in whatever way. */
  ended: Promise<void>;
}

/** A queue for one server: jobs run in this process, one after the other. */
export class InProcessJobQueue implements JobQueue {
  readonly #waiting: Waiting[] = [];
  readonly #onFailure: (error: unknown, jobId: string) => void;
  #running: Running | null = null;
  #draining = false;

  /** @param options.onFailure told of a job that rejected, which is a bug in the job: log it */
  constructor(options: { onFailure: (error: unknown, jobId: string) => void }) {
    this.#onFailure = options.onFailure;
  }

  refuseWhenDraining(): void {
    if (!this.#draining) return;
    throw new StorageError(
      'SERVICE_UNAVAILABLE',
      'The server is shutting down and takes no new work: try again when it is back',
      { retryable: true },
    );
  }

  enqueue(job: Job): void {
    this.refuseWhenDraining();
    this.#waiting.push({ job, context: logContext() });
    this.#startNext();
  }

  get load(): { running: number; waiting: number } {
    return { running: this.#running === null ? 0 : 1, waiting: this.#waiting.length };
  }

  async cancel(id: string, reason: Error): Promise<CancelOutcome> {
    const place = this.#waiting.findIndex(({ job }) => job.id === id);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      return 'removed';
    }
    const running = this.#running;
    if (running?.job.id !== id) return 'unknown';
    running.controller.abort(reason);
    await running.ended;
    return 'ended';
  }

  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    this.#waiting.length = 0;
    const running = this.#running;
    if (running === null) return;
    const grace = new AbortController();
    await Promise.race([
      running.ended,
      delay(graceMs, undefined, { signal: grace.signal }).catch(ignoreAbort),
    ]);
    grace.abort();
    running.controller.abort(
      new AppError('INTERRUPTED', 'The server was stopped while the operation ran: start it again'),
    );
    await running.ended;
  }

  #startNext(): void {
    if (this.#running !== null) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    const { job, context } = next;
    const controller = new AbortController();
    const run = () => this.#run(job, controller.signal);
    this.#running = { job, controller, ended: inLogContext({ ...context, operationId: job.id }, run) };
  }

  async #run(job: Job, signal: AbortSignal): Promise<void> {
    try {
      // The job begins after `enqueue` has returned, so that its caller can finish what it is at.
      await Promise.resolve();
      await job.run(signal);
    } catch (error) {
      this.#onFailure(error, job.id);
    } finally {
      this.#running = null;
      this.#startNext();
    }
  }
}

/** The grace period is cut short when the job ends first; that is no error. */
function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
}
