import type { AuditEvent, AuditRepository } from '../db/audit-repository.js';
import type { Clock } from '../shared/clock.js';
import { AppError } from '../shared/errors.js';
import type { Agent } from '../shared/operation.js';
import type { Random } from '../shared/random.js';

export type { AuditEvent } from '../db/audit-repository.js';

/** What the audit service works with. */
export interface AuditServiceDeps {
  audit: Pick<AuditRepository, 'append'>;
  clock: Clock;
  random: Random;
}

/** Writes down who did what, and who was refused what. */
export class AuditService {
  readonly #deps: AuditServiceDeps;

  constructor(deps: AuditServiceDeps) {
    this.#deps = deps;
  }

  /** Adds an event, stamped with the present time. @throws StorageError when it cannot be stored */
  async record(event: AuditEvent): Promise<void> {
    const { audit, clock, random } = this.#deps;
    await audit.append({ ...event, id: random.uuid(), at: clock.now() });
  }

  /**
   * Runs what `actor` asked for and records how it ended: `ok`, or the code of the error, which is thrown on.
   * When a refusal cannot be recorded, the refusal is still what the caller learns: the metadata database, where
   * both would be stored, is then down, which every later call reports.
   * @param action noun and verb, such as `backup.create`
   * @param perform answers with the result and the id that it is about
   * @param target the id it is about, where that is known before
   */
  async watch<T>(
    actor: Agent,
    action: string,
    perform: () => Promise<{ result: T; target: string }>,
    target: string | null = null,
  ): Promise<T> {
    const event = { actor: actor.subject, role: actor.role, remoteAddress: actor.remoteAddress, action };
    let done: { result: T; target: string };
    try {
      done = await perform();
    } catch (error) {
      const outcome = error instanceof AppError ? error.code : 'INTERNAL_SERVER_ERROR';
      await Promise.allSettled([this.record({ ...event, target, outcome })]);
      throw error;
    }
    await this.record({ ...event, target: done.target, outcome: 'ok' });
    return done.result;
  }
}
