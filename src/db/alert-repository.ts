import type { PageOf, PageRequest } from '../shared/paging.js';
import { isUniqueViolation, withDatabaseErrors } from './database-error.js';
import type { Prisma, PrismaClient } from './generated/sqlite/client.js';
import { toRange } from './page-range.js';

/** Where the telling of an alert stands. */
export type AlertMessageState = 'PENDING' | 'DELIVERED' | 'ABANDONED';

/** Something that an administrator must hear of. */
export interface AlertRecord {
  id: string;
  kind: string;
  subject: string;
  message: string;
  /** How often it was found. */
  count: number;
  raisedAt: Date;
  lastRaisedAt: Date;
  /** Null while it lasts. */
  resolvedAt: Date | null;
}

/** What the webhook is to be told. */
export interface AlertMessageRecord {
  id: string;
  alertId: string;
  state: AlertMessageState;
  body: string;
  attempts: number;
  lastError: string | null;
  createdAt: Date;
}

/** What was found. */
export interface Finding {
  kind: string;
  subject: string;
  message: string;
  at: Date;
}

/** Turns an alert into what the webhook is told; null: nothing is to be told. */
export type Compose = (alert: AlertRecord) => Pick<AlertMessageRecord, 'id' | 'body'> | null;

/** The stored alerts and what is told of them. Every method throws StorageError when the database cannot answer. */
export class AlertRepository {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /**
   * Stores a finding: as a new alert, or as one more of the alert that lasts.
   * @param options.newId of a new alert
   * @param options.repeatMs an alert that lasts is told again when the last time is this long ago
   * @returns the message that is to be sent, or null when the alert was told lately
   */
  async raise(
    finding: Finding,
    { newId, repeatMs, compose }: { newId: string; repeatMs: number; compose: Compose },
  ): Promise<AlertMessageRecord | null> {
    const store = () =>
      withDatabaseErrors(() =>
        this.#client.$transaction((transaction) =>
          raiseIn(transaction, finding, { newId, repeatMs, compose }),
        ),
      );
    try {
      return await store();
    } catch (error) {
      // Another server has raised it meanwhile: it lasts now.
      if (isUniqueViolation(error) || isUniqueViolation(error instanceof Error ? error.cause : null))
        return store();
      throw error;
    }
  }

  /**
   * Stores that an alert is over.
   * @returns the message that is to be sent, or null when there was no such alert
   */
  resolve(
    { kind, subject, at }: Pick<Finding, 'kind' | 'subject' | 'at'>,
    compose: Compose,
  ): Promise<AlertMessageRecord | null> {
    return withDatabaseErrors(() =>
      this.#client.$transaction(async (transaction) => {
        const openKey = toOpenKey(kind, subject);
        const found = await transaction.alert.findUnique({ where: { openKey } });
        if (found === null) return null;
        const alert = await transaction.alert.update({
          where: { id: found.id },
          data: { openKey: null, resolvedAt: at },
        });
        return createMessage(transaction, alert, { at, compose });
      }),
    );
  }

  find(id: string): Promise<AlertRecord | null> {
    return withDatabaseErrors(async () => {
      const row = await this.#client.alert.findUnique({ where: { id } });
      return row && toRecord(row);
    });
  }

  /** The newest alert of this kind about this subject, over or not. */
  findLatest(kind: string, subject: string): Promise<AlertRecord | null> {
    return withDatabaseErrors(async () => {
      const row = await this.#client.alert.findFirst({
        where: { kind, subject },
        orderBy: { lastRaisedAt: 'desc' },
      });
      return row && toRecord(row);
    });
  }

  /** Every alert of this kind that lasts. */
  listOpen(kind: string): Promise<AlertRecord[]> {
    return withDatabaseErrors(async () => {
      const rows = await this.#client.alert.findMany({ where: { kind, openKey: { not: null } } });
      return rows.map(toRecord);
    });
  }

  /** One page, newest first. @param isOpen only those that last, or only others; null: all */
  list(page: PageRequest, isOpen: boolean | null): Promise<PageOf<AlertRecord>> {
    const where = isOpen === null ? {} : { resolvedAt: isOpen ? null : { not: null } };
    return withDatabaseErrors(async () => {
      const [total, rows] = await this.#client.$transaction([
        this.#client.alert.count({ where }),
        this.#client.alert.findMany({
          where,
          orderBy: [{ raisedAt: 'desc' }, { id: 'desc' }],
          ...toRange(page),
        }),
      ]);
      return { items: rows.map(toRecord), total };
    });
  }

  /** What the webhook was told of an alert last, or is to be told. */
  findLastMessage(alertId: string): Promise<AlertMessageRecord | null> {
    return withDatabaseErrors(async () => {
      const row = await this.#client.alertMessage.findFirst({
        where: { alertId },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      });
      return row && toMessage(row);
    });
  }

  /** Messages that are still to be sent, oldest first. */
  listPending(limit: number): Promise<AlertMessageRecord[]> {
    return withDatabaseErrors(async () => {
      const rows = await this.#client.alertMessage.findMany({
        where: { state: 'PENDING' },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
        take: limit,
      });
      return rows.map(toMessage);
    });
  }

  /** Stores that an attempt to send a message failed. */
  async recordAttempt(id: string, lastError: string): Promise<void> {
    await withDatabaseErrors(() =>
      this.#client.alertMessage.updateMany({
        where: { id },
        data: { attempts: { increment: 1 }, lastError },
      }),
    );
  }

  /** Stores how the sending of a message ended. */
  async endMessage(id: string, state: 'DELIVERED' | 'ABANDONED', endedAt: Date): Promise<void> {
    await withDatabaseErrors(() =>
      this.#client.alertMessage.updateMany({ where: { id }, data: { state, endedAt } }),
    );
  }

  /** How many alerts last, and how many messages wait and were given up since `since`. */
  async count(since: Date): Promise<{ open: number; pending: number; abandoned: number }> {
    return withDatabaseErrors(async () => {
      const [open, pending, abandoned] = await this.#client.$transaction([
        this.#client.alert.count({ where: { resolvedAt: null } }),
        this.#client.alertMessage.count({ where: { state: 'PENDING' } }),
        this.#client.alertMessage.count({ where: { state: 'ABANDONED', createdAt: { gte: since } } }),
      ]);
      return { open, pending, abandoned };
    });
  }

  /** Removes alerts that were over before `instant`, with what was told of them. */
  async removeResolvedBefore(instant: Date): Promise<void> {
    await withDatabaseErrors(async () => {
      const old = await this.#client.alert.findMany({
        where: { resolvedAt: { lt: instant } },
        select: { id: true },
        take: 1_000,
      });
      const ids = old.map(({ id }) => id);
      await this.#client.$transaction([
        this.#client.alertMessage.deleteMany({ where: { alertId: { in: ids } } }),
        this.#client.alert.deleteMany({ where: { id: { in: ids } } }),
      ]);
    });
  }
}

type Transaction = Pick<PrismaClient, 'alert' | 'alertMessage'>;
type AlertRow = Prisma.AlertGetPayload<object>;

async function raiseIn(
  transaction: Transaction,
  { kind, subject, message, at }: Finding,
  { newId, repeatMs, compose }: { newId: string; repeatMs: number; compose: Compose },
): Promise<AlertMessageRecord | null> {
  const openKey = toOpenKey(kind, subject);
  const open = await transaction.alert.findUnique({ where: { openKey } });
  if (open === null) {
    const times = { raisedAt: at, lastRaisedAt: at, notifiedAt: at };
    const alert = await transaction.alert.create({
      data: { id: newId, kind, subject, message, openKey, ...times },
    });
    return createMessage(transaction, alert, { at, compose });
  }
  // A clock that was set back counts as time that has passed.
  const isDue = Math.abs(at.getTime() - open.notifiedAt.getTime()) >= repeatMs;
  const alert = await transaction.alert.update({
    where: { id: open.id },
    data: { message, lastRaisedAt: at, count: { increment: 1 }, ...(isDue ? { notifiedAt: at } : {}) },
  });
  return isDue ? createMessage(transaction, alert, { at, compose }) : null;
}

async function createMessage(
  transaction: Transaction,
  alert: AlertRow,
  { at, compose }: { at: Date; compose: Compose },
): Promise<AlertMessageRecord | null> {
  const content = compose(toRecord(alert));
  if (content === null) return null;
  const data = { ...content, alertId: alert.id, state: 'PENDING', createdAt: at };
  return toMessage(await transaction.alertMessage.create({ data }));
}

function toOpenKey(kind: string, subject: string): string {
  return `${kind} ${subject}`;
}

function toRecord({ openKey, notifiedAt, ...row }: AlertRow): AlertRecord {
  return row;
}

function toMessage({ endedAt, ...row }: Prisma.AlertMessageGetPayload<object>): AlertMessageRecord {
  return { ...row, state: row.state as AlertMessageState };
}
