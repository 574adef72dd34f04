import type { ProgressEvent } from '../db/progress-repository.js';
import type { Clock } from '../shared/clock.js';
import { ProgressCounters, type ProgressFigures, type ProgressUpdate } from './progress-counters.js';
import { ProgressRate } from './progress-rate.js';

/** The shortest time between two events that tell nothing but counters, in milliseconds: ten a second. */
const MIN_INTERVAL_MS = 100;
/**
 * How much longer that time is for every follower, in milliseconds: what all of them are sent together stays below a
 * thousand a second, which takes a few hundredths of a processor from the work that they follow.
 */
const INTERVAL_MS_PER_FOLLOWER = 1;
/**
 * The time grows with the operation's own: every event is kept for replay, without gaps, so that what hours would store
 * ten times a second is a matter of hundreds of thousands of rows. Slower than every two seconds it never gets.
 */
const PART_OF_ELAPSED = 1 / 300;
const MAX_AGED_INTERVAL_MS = 2_000;

type Status = ProgressEvent['status'];
type Phase = ProgressEvent['phase'];

/** How an operation ended, for its last event. */
export interface ProgressEnd {
  status: Status;
  message?: string | null;
  /** Final figures of a completed operation, where they are known better than from the reports. */
  figures?: Partial<ProgressFigures>;
}

/** What a tracker works with. */
export interface ProgressTrackerDeps {
  clock: Clock;
  /** Takes each event, in order. Must not throw. */
  emit(event: ProgressEvent): void;
  /** How many are sent each event. */
  countFollowers(): number;
}

/**
 * Turns what an engine reports, often and irregularly, into numbered events: at most ten a second, fewer
 * when hundreds follow or it lasts for minutes, but every change of status or phase at once, and the last report always.
 */
export class ProgressTracker {
  readonly #operationId: string;
  readonly #deps: ProgressTrackerDeps;
  readonly #counters: ProgressCounters;
  readonly #rate: ProgressRate;
  #sequence: number;
  #status: Status = 'QUEUED';
  #phase: Phase = 'QUEUED';
  #component: ProgressEvent['component'] = null;
  #isHeldBack = false;
  /** When it left the queue. */
  #startedMs: number;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param latest the last event of an earlier run of the same operation, after which the numbers go on */
  constructor(operationId: string, latest: ProgressEvent | null, deps: ProgressTrackerDeps) {
    this.#operationId = operationId;
    this.#deps = deps;
    this.#counters = new ProgressCounters(latest && toFigures(latest));
    this.#startedMs = deps.clock.monotonicMs();
    this.#rate = new ProgressRate(this.#startedMs);
    this.#sequence = latest?.sequence ?? 0;
  }

  /** Announces that the operation is queued: event 1, once. */
  queued(): void {
    if (this.#sequence === 0) this.#emit();
  }

  /** Announces a status, with the phase that begins with it. */
  begin(status: Status, phase: Phase): void {
    if (this.#stopped || (this.#status === status && this.#phase === phase)) return;
    if (this.#phase === 'QUEUED') this.#startedMs = this.#deps.clock.monotonicMs();
    this.#status = status;
    this.#phase = phase;
    this.#emit();
  }

  /** Takes in one report of the engine. Ignored after `stop`. */
  update(update: ProgressUpdate<Phase>): void {
    if (this.#stopped) return;
    this.#counters.add(update);
    const isNewPhase = update.phase !== this.#phase;
    this.#phase = update.phase;
    this.#component = update.component;
    if (isNewPhase || this.#timer === undefined) this.#emit();
    else this.#isHeldBack = true;
  }

  /** Sends what is held back; nothing but `toLastEvent` comes after. May be called twice. */
  stop(): void {
    if (this.#isHeldBack) this.#emit();
    this.#stopped = true;
    this.#endInterval();
  }

  /** The event that ends the operation, which the caller stores together with the operation's final state. */
  toLastEvent(end: ProgressEnd): ProgressEvent {
    const isCompleted = end.status === 'COMPLETED';
    const figures = isCompleted ? this.#counters.completed(end.figures ?? {}) : this.#counters.figures;
    return {
      ...this.#toEvent(figures),
      sequence: this.#sequence + 1,
      status: end.status,
      phase: 'DONE',
      component: null,
      etaSeconds: isCompleted ? 0 : null,
      message: end.message ?? null,
    };
  }

  #emit(): void {
    this.#sequence += 1;
    this.#deps.emit(this.#toEvent(this.#counters.figures));
    this.#endInterval();
    if (this.#phase !== 'QUEUED') this.#startInterval();
  }

  #toEvent(figures: ProgressFigures): ProgressEvent {
    const { clock } = this.#deps;
    const bytesPerSecond = this.#rate.measure(figures.processedBytes, clock.monotonicMs());
    const remainingBytes = figures.totalBytes - figures.processedBytes;
    return {
      operationId: this.#operationId,
      sequence: this.#sequence,
      status: this.#status,
      phase: this.#phase,
      component: this.#component,
      ...figures,
      bytesPerSecond,
      etaSeconds: bytesPerSecond ? remainingBytes / bytesPerSecond : null,
      message: null,
      at: clock.now(),
    };
  }

  /** Holds further counters back for a while, then sends the newest of them. */
  #startInterval(): void {
    const intervalMs = this.#chooseInterval();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isHeldBack) this.#emit();
    }, intervalMs);
    this.#timer.unref();
  }

  #chooseInterval(): number {
    const { clock, countFollowers } = this.#deps;
    const elapsedMs = clock.monotonicMs() - this.#startedMs;
    const aged = Math.min(elapsedMs * PART_OF_ELAPSED, MAX_AGED_INTERVAL_MS);
    return Math.max(MIN_INTERVAL_MS, countFollowers() * INTERVAL_MS_PER_FOLLOWER, aged);
  }

  #endInterval(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isHeldBack = false;
  }
}

function toFigures(event: ProgressEvent): ProgressFigures {
  const { percent, processedBytes, totalBytes, storedBytes, processedFiles, totalFiles } = event;
  return { percent, processedBytes, totalBytes, storedBytes, processedFiles, totalFiles };
}
