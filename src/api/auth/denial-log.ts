import type { AuditEvent, AuditService } from '../../services/audit-service.js';
import type { Clock } from '../../shared/clock.js';

/** Refusals of strangers that are written down one by one, however fast they come; then as many as REFILL_MS allows. */
export const MAX_STRANGER_DENIALS = 5_000;
/** Time after which one more may be written, in milliseconds. */
const REFILL_MS = 1_000;

/**
 * Writes refusals to the audit log. What known callers are refused is always written down; strangers can send as much
 * as they like, so theirs are limited, lest they fill the disk. The number of those left out is written with the first
 * one after them.
 */
export class DenialLog {
  readonly #audit: Pick<AuditService, 'record'>;
  readonly #clock: Clock;
  #allowed = MAX_STRANGER_DENIALS;
  #countedAtMs: number;
  #leftOut = 0;

  constructor(audit: Pick<AuditService, 'record'>, clock: Clock) {
    this.#audit = audit;
    this.#clock = clock;
    this.#countedAtMs = clock.monotonicMs();
  }

  /** @param isStranger the caller had no valid token */
  async record(event: AuditEvent, isStranger: boolean): Promise<void> {
    if (isStranger && !this.#mayWrite()) return;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    if (leftOut > 0) await this.#audit.record(summarise(leftOut));
    await this.#audit.record(event);
  }

  #mayWrite(): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#allowed = Math.min(MAX_STRANGER_DENIALS, this.#allowed + (nowMs - this.#countedAtMs) / REFILL_MS);
    this.#countedAtMs = nowMs;
    if (this.#allowed < 1) {
      this.#leftOut++;
      return false;
    }
    this.#allowed--;
    return true;
  }
}

function summarise(leftOut: number): AuditEvent {
  const outcome = `UNAUTHENTICATED, ${leftOut} more`;
  return {
    actor: 'anonymous',
    role: null,
    action: 'auth.denied',
    target: 'request',
    outcome,
    remoteAddress: null,
  };
}
