import type { AuditEntry, AuditEvent, AuditFilter, AuditRepository } from '../db/audit-repository.js';
import type { Clock } from '../shared/clock.js';
import { AppError, InvalidInputError, invariant } from '../shared/errors.js';
import { Lane } from '../shared/lane.js';
import type { Agent } from '../shared/operation.js';
import type { PageOf, PageRequest } from '../shared/paging.js';
import type { Random } from '../shared/random.js';
import { type AuditHead, describeTrim, TRIM } from './audit-chain.js';
import { type AuditAnchor, AuditLog } from './audit-log.js';
import { type AuditVerification, type AuditWitness, verifyAudit } from './audit-verifier.js';
import { checkPage } from './input-rules.js';

export type { AuditEntry, AuditEvent, AuditFilter } from '../db/audit-repository.js';
export type { AuditVerification } from './audit-verifier.js';

/** What the audit service works with. */
export interface AuditServiceDeps {
  audit: AuditRepository;
  anchor: AuditAnchor;
  /** Names this server's own in the witness that snapshots bear. */
  serverId: string;
  /** Heads of the log that this server's snapshots have seen. */
  witnesses(): Promise<AuditWitness[]>;
  clock: Clock;
  random: Random;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
/** However old they are, this many entries stay: a clock that is set far ahead must not empty the log. */
const MIN_KEPT_ENTRIES = 1_000;
/** Longest text that is kept of what a client sends; what it calls an id can be any text. */
const MAX_TEXT = 200;
const MAX_DETAIL = 2_000;

/** Writes down who did what, and who was refused what, and finds out whether that was touched since. */
export class AuditService {
  readonly #deps: AuditServiceDeps;
  readonly #log: AuditLog;
  /** A check and a removal do not see each other's half. */
  readonly #maintenance = new Lane();
  #key: Uint8Array | null = null;

  constructor(deps: AuditServiceDeps) {
    this.#deps = deps;
    this.#log = new AuditLog({
      ...deps,
      stamp: ({ action, detail }) => this.#stamp(asSystem(action, { detail })),
    });
  }

  /**
   * To be called once, before anything is recorded.
   * @param key of the chain, which is not in the database
   * @throws StorageError when the metadata or the repository cannot be read
   */
  async open(key: Uint8Array): Promise<void> {
    this.#key = key;
    await this.#log.open(key, await this.#deps.witnesses());
  }

  /** Adds an event, stamped with the present time. @throws StorageError when it cannot be stored */
  record(event: AuditEvent): Promise<void> {
    return this.#log.append(this.#stamp(event));
  }

  /** The end of the log, to be kept where it cannot be changed with it; null when nothing was recorded yet. */
  get head(): (AuditHead & { serverId: string }) | null {
    const { head } = this.#log;
    return head && { ...head, serverId: this.#deps.serverId };
  }

  /**
   * Runs what `actor` asked for and records how it ended: `ok`, or the code of the error, which is thrown on.
   * When a refusal cannot be recorded, the refusal is still what the caller learns: the metadata database, where
   * both would be stored, is then down, which every later call reports. What was done and cannot be recorded is
   * answered with an error, though it was done: whoever hears "ok" can rely on the log.
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

  /** One page, newest first. @throws InvalidInputError for a page or a span of time that cannot be */
  async list(page: PageRequest, filter: AuditFilter | null): Promise<PageOf<AuditEntry>> {
    const { after, before } = filter ?? {};
    if (after && before && after > before) {
      throw new InvalidInputError('after must not be later than before', { details: { field: 'after' } });
    }
    const checked = filter && {
      ...filter,
      ...(filter.actor == null ? {} : { actor: toText(filter.actor) }),
      ...(filter.target == null ? {} : { target: toText(filter.target) }),
    };
    return this.#deps.audit.list(checkPage(page), checked);
  }

  /**
   * Reads the whole log and finds what was changed, removed or added by others than this server.
   * @throws StorageError when the metadata or the repository, whose snapshots have seen the log, cannot be read
   */
  verify(): Promise<AuditVerification> {
    const key = this.#key;
    invariant(key, 'the audit log is opened before it is checked');
    return this.#maintenance.run(async () => {
      await this.#log.settled();
      const anchor = await this.#deps.anchor.read();
      const own = anchor === null ? [] : [{ ...anchor, keptBy: 'the file "audit-head" in DATA_DIR' }];
      const witnesses = [...own, ...(await this.#deps.witnesses())];
      return verifyAudit({ audit: this.#deps.audit, key, witnesses });
    });
  }

  /**
   * Removes entries that are older than `days`, but for the newest `minKept`, and records that.
   * @returns how many
   */
  trim(days: number, { minKept = MIN_KEPT_ENTRIES }: { minKept?: number } = {}): Promise<number> {
    return this.#maintenance.run(async () => {
      const { audit, clock } = this.#deps;
      const end = await audit.findHead();
      const old = await audit.findLastBefore(new Date(clock.now().getTime() - days * DAY_MS));
      const last = Math.min(old?.sequence ?? 0, (end?.sequence ?? 0) - minKept);
      const floor = last > 0 ? await audit.findAt(last) : null;
      if (floor === null) return 0;
      // Recorded first: a removal that is cut short leaves entries too many, which the next one removes.
      await this.record(asSystem(TRIM, { detail: describeTrim(floor) }));
      return audit.removeThrough(floor.sequence);
    });
  }

  /** Resolves when everything has been written that was to be. */
  async close(): Promise<void> {
    await this.#maintenance.settled();
    await this.#log.settled();
  }

  #stamp(event: AuditEvent): AuditEntry {
    const { clock, random } = this.#deps;
    return {
      ...event,
      actor: toText(event.actor),
      target: event.target === null ? null : toText(event.target),
      detail: event.detail == null ? null : toText(event.detail, MAX_DETAIL),
      id: random.uuid(),
      at: clock.now(),
    };
  }
}

/** An event of the server itself. */
export function asSystem(
  action: string,
  {
    target = null,
    outcome = 'ok',
    detail = null,
  }: Partial<Pick<AuditEvent, 'target' | 'outcome' | 'detail'>> = {},
): AuditEvent {
  return { actor: 'system', role: null, action, target, outcome, remoteAddress: null, detail };
}

/** Text that every database keeps as it is: well-formed, without NUL, of limited length. */
function toText(text: string, max = MAX_TEXT): string {
  return [...text.toWellFormed().replaceAll('\0', '\uFFFD')].slice(0, max).join('');
}
