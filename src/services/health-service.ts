import type { Clock } from '../shared/clock.js';
import { AppError } from '../shared/errors.js';
import { withTimeLimit } from '../shared/time-limit.js';

/** How well something is. DEGRADED: it works, and somebody should look at it. */
export const HEALTH_STATUSES = ['OK', 'DEGRADED', 'DOWN'] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

/** How well one part is. */
export interface HealthCheck {
  name: string;
  status: HealthStatus;
  /** What was found, in a sentence. */
  message: string | null;
}

/** How well the server is. */
export interface Health {
  /** That of the worst check. */
  status: HealthStatus;
  version: string;
  uptimeSeconds: number;
  checks: HealthCheck[];
}

/** Finds out how well a part is, or several that are found out together. What it throws counts as DOWN. */
export interface HealthProbe {
  /** Of the check that stands for all of them when they cannot be found out. */
  name: string;
  check(signal: AbortSignal): Promise<HealthCheck[]>;
}

/** What the health service works with. */
export interface HealthServiceDeps {
  probes: readonly HealthProbe[];
  /** Answers when the metadata can be read. */
  ping(): Promise<void>;
  clock: Clock;
  /** Told of a probe that failed with something other than an AppError. */
  onFailure(error: unknown): void;
}

/** What the health service says of the server. */
export interface HealthOptions {
  version: string;
}

const PROBE_LIMIT_MS = 5_000;
const READY_LIMIT_MS = 2_000;
/** Everybody may ask whether the server is ready: the answer is found out at most this often. */
const READY_FRESH_MS = 1_000;

/** Says how well the server is, and what is wrong. */
export class HealthService {
  readonly #deps: HealthServiceDeps;
  readonly #options: HealthOptions;
  readonly #startedMs: number;
  #ready: { atMs: number; answer: Promise<boolean> } | null = null;
  #ping: Promise<void> | null = null;

  constructor(deps: HealthServiceDeps, options: HealthOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#startedMs = deps.clock.monotonicMs();
  }

  /** Asks every probe at once, each for at most five seconds. Never throws. */
  async check(): Promise<Health> {
    const checks = (await Promise.all(this.#deps.probes.map((probe) => this.#ask(probe)))).flat();
    const worst = Math.max(0, ...checks.map(({ status }) => HEALTH_STATUSES.indexOf(status)));
    const uptimeSeconds = (this.#deps.clock.monotonicMs() - this.#startedMs) / 1000;
    return { status: HEALTH_STATUSES[worst]!, version: this.#options.version, uptimeSeconds, checks };
  }

  /** True when the server can do what it is asked. Cheap, and never throws. */
  isReady(): Promise<boolean> {
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#ready === null || nowMs - this.#ready.atMs > READY_FRESH_MS) {
      const answer = withTimeLimit(READY_LIMIT_MS, () => this.#pingOnce()).then(
        () => true,
        () => false, // why is in `health`, and in the log with whatever else fails for it
      );
      this.#ready = { atMs: nowMs, answer };
    }
    return this.#ready.answer;
  }

  /** One at a time: a database that hangs is not asked again and again by whoever wants to know. */
  #pingOnce(): Promise<void> {
    this.#ping ??= this.#deps.ping().finally(() => {
      this.#ping = null;
    });
    return this.#ping;
  }

  async #ask({ name, check }: HealthProbe): Promise<HealthCheck[]> {
    try {
      return await withTimeLimit(PROBE_LIMIT_MS, check);
    } catch (error) {
      if (!(error instanceof AppError)) this.#deps.onFailure(error);
      const message =
        error instanceof AppError ? error.message : 'This could not be found out: the log says why';
      return [{ name, status: 'DOWN', message }];
    }
  }
}
