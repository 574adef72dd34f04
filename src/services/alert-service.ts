import pRetry from 'p-retry';
import type {
  AlertMessageRecord,
  AlertMessageState,
  AlertRecord,
  AlertRepository,
  Compose,
} from '../db/alert-repository.js';
import type { Clock } from '../shared/clock.js';
import { NotFoundError } from '../shared/errors.js';
import { Lane } from '../shared/lane.js';
import type { Actor } from '../shared/operation.js';
import type { PageOf, PageRequest } from '../shared/paging.js';
import type { Random } from '../shared/random.js';
import type { Alert, AlertKind, RaiseAlert } from './alert.js';
import type { AuditService } from './audit-service.js';
import { checkPage } from './input-rules.js';

export type { AlertRecord } from '../db/alert-repository.js';

/** What the alert service works with. */
export interface AlertServiceDeps {
  alerts: AlertRepository;
  audit: Pick<AuditService, 'watch'>;
  /** Delivers what is stored; null: nobody is to be told. */
  deliver: ((message: AlertMessageRecord) => void) | null;
  clock: Clock;
  random: Random;
  /** Told of an alert, so that it is in the log too. */
  onAlert(alert: Alert): void;
  /** Told of an alert that could not be stored. */
  onFailure(error: unknown): void;
}

/** How an alert stands. */
export interface AlertOptions {
  /** How long the same alert is not told again while it lasts. */
  repeatMs: number;
}

/** Where the telling of an alert stands, for people. */
export interface AlertDelivery {
  /** NONE: nobody is to be told, since no webhook was configured. */
  state: AlertMessageState | 'NONE';
  attempts: number;
  lastError: string | null;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const KEPT_DAYS = 90;
const MAX_SUBJECT = 200;
const MAX_MESSAGE = 2_000;
/** Attempts to store an alert while the metadata database does not answer: over about ten minutes. */
const STORE_RETRIES = 10;

/**
 * Keeps what an administrator must hear of, and has it told: once when it begins, again when it lasts, once when it
 * is over. What is told is stored with the alert, both or neither, so that a crash loses none.
 */
export class AlertService {
  readonly #deps: AlertServiceDeps;
  readonly #options: AlertOptions;
  readonly #lane = new Lane();
  readonly #closing = new AbortController();

  constructor(deps: AlertServiceDeps, options: AlertOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Hands an alert on. Returns at once and never throws. */
  readonly raise: RaiseAlert = (alert) => {
    this.#deps.onAlert(alert);
    this.#later(() => this.#raise(alert));
  };

  /** Says that what an alert was about is over; nothing happens when there is none. Returns at once and never throws. */
  readonly resolve = (kind: AlertKind, subject: string): void => {
    this.#later(() => this.#resolve(kind, subject));
  };

  /** One page, newest first. @throws InvalidInputError for a page that cannot be */
  list(page: PageRequest, isOpen: boolean | null): Promise<PageOf<AlertRecord>> {
    return this.#deps.alerts.list(checkPage(page), isOpen);
  }

  /** Where the telling of an alert stands. */
  async findDelivery(alertId: string): Promise<AlertDelivery> {
    const message = await this.#deps.alerts.findLastMessage(alertId);
    return message ?? { state: 'NONE', attempts: 0, lastError: null };
  }

  /**
   * An administrator says that an alert is over; it is raised anew when it is found again.
   * @throws NotFoundError
   */
  close(actor: Actor, id: string): Promise<AlertRecord> {
    return this.#deps.audit.watch(
      actor,
      'alert.close',
      async () => {
        const alert = await this.#deps.alerts.find(id);
        if (alert === null) throw new NotFoundError(`There is no alert '${id}'`);
        // One that is over already may have been raised anew since, and that is another alert.
        if (alert.resolvedAt !== null) return { result: alert, target: id };
        await this.#lane.run(() => this.#resolve(alert.kind, alert.subject));
        return { result: (await this.#deps.alerts.find(id)) ?? alert, target: id };
      },
      id,
    );
  }

  /** Removes what was over 90 days ago. */
  async trim(): Promise<void> {
    await this.#deps.alerts.removeResolvedBefore(
      new Date(this.#deps.clock.now().getTime() - KEPT_DAYS * DAY_MS),
    );
  }

  /** Resolves when everything that was raised so far is stored, or could not be. */
  settled(): Promise<void> {
    return this.#lane.settled();
  }

  /** Stores what was raised, without further attempts. */
  async end(): Promise<void> {
    this.#closing.abort();
    await this.#lane.settled();
  }

  #later(work: () => Promise<void>): void {
    const store = () =>
      pRetry(work, { retries: STORE_RETRIES, signal: this.#closing.signal, maxTimeout: 60_000 });
    this.#lane
      .run(() => (this.#closing.signal.aborted ? work() : store()))
      .catch((error: unknown) => this.#deps.onFailure(error));
  }

  async #raise({ kind, subject, message }: Alert): Promise<void> {
    const { alerts, clock, random, deliver } = this.#deps;
    const at = clock.now();
    const finding = { kind, subject: cut(subject, MAX_SUBJECT), message: cut(message, MAX_MESSAGE), at };
    const { repeatMs } = this.#options;
    const told = await alerts.raise(finding, {
      newId: random.uuid(),
      repeatMs,
      compose: this.#composer((alert) => (alert.count === 1 ? 'alert.raised' : 'alert.repeated')),
    });
    if (told !== null) deliver?.(told);
  }

  async #resolve(kind: string, subject: string): Promise<void> {
    const { alerts, clock, deliver } = this.#deps;
    const about = { kind, subject: cut(subject, MAX_SUBJECT), at: clock.now() };
    const told = await alerts.resolve(
      about,
      this.#composer(() => 'alert.resolved'),
    );
    if (told !== null) deliver?.(told);
  }

  #composer(eventOf: (alert: AlertRecord) => string): Compose {
    const { deliver, random } = this.#deps;
    return (alert) => {
      if (deliver === null) return null;
      const id = random.uuid();
      const { id: alertId, kind, subject, message, count, raisedAt, lastRaisedAt, resolvedAt } = alert;
      const content = { id, event: eventOf(alert), alertId, kind, subject, message, count };
      return { id, body: JSON.stringify({ ...content, raisedAt, lastRaisedAt, resolvedAt }) };
    };
  }
}

/** Text that every database and receiver takes: well-formed, without NUL, of limited length. */
function cut(text: string, max: number): string {
  return [...text.toWellFormed().replaceAll('\0', '\uFFFD')].slice(0, max).join('');
}
