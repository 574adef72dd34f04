import type { Role } from '../shared/operation.js';
import type { PageOf, PageRequest } from '../shared/paging.js';
import { isUniqueViolation, withDatabaseErrors } from './database-error.js';
import type { Prisma, PrismaClient } from './generated/sqlite/client.js';
import { toRange } from './page-range.js';

/** One thing that somebody did or was refused. */
export interface AuditEvent {
  /** Subject of the token, or a word for who it was when there was none. */
  actor: string;
  role: Role | null;
  /** Noun and verb, such as `backup.create` or `auth.denied`. */
  action: string;
  /** Id of the backup, restore, … it was about. */
  target: string | null;
  /** `ok`, or an error code. */
  outcome: string;
  remoteAddress: string | null;
  /** What else there is to say. */
  detail?: string | null;
}

/** An event with what makes it an entry of the log. */
export interface AuditEntry extends AuditEvent {
  id: string;
  at: Date;
  detail: string | null;
}

/** An entry's place in the chain. */
export interface AuditLink {
  /** From 1, no gaps. */
  sequence: number;
  /** The hash of the entry before it, lower-case hex. */
  previousHash: string;
  hash: string;
}

/** An entry in its place. */
export type LinkedAuditEntry = AuditEntry & AuditLink;

/** Which entries to list; absent and null mean any. Instants are inclusive. */
export interface AuditFilter {
  actor?: string | null;
  action?: string | null;
  target?: string | null;
  after?: Date | null;
  before?: Date | null;
}

/** The stored audit log. Every method throws StorageError when the database cannot answer. */
export class AuditRepository {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /** Adds an entry. @returns false when its place in the chain is taken: another server was faster */
  append(entry: LinkedAuditEntry): Promise<boolean> {
    return withDatabaseErrors(async () => {
      try {
        await this.#client.auditEntry.create({ data: entry });
        return true;
      } catch (error) {
        if (isUniqueViolation(error)) return false;
        throw error;
      }
    });
  }

  /** The last entry of the chain. */
  findHead(): Promise<LinkedAuditEntry | null> {
    return this.#findLinked('desc');
  }

  /** The first entry of the chain that is still there. */
  findFirst(): Promise<LinkedAuditEntry | null> {
    return this.#findLinked('asc');
  }

  /** One page, newest first. */
  list(page: PageRequest, filter: AuditFilter | null): Promise<PageOf<AuditEntry>> {
    const where = toWhere(filter);
    return withDatabaseErrors(async () => {
      const [total, rows] = await this.#client.$transaction([
        this.#client.auditEntry.count({ where }),
        this.#client.auditEntry.findMany({
          where,
          orderBy: [{ at: 'desc' }, { sequence: 'desc' }],
          ...toRange(page),
        }),
      ]);
      return { items: rows.map(toEntry), total };
    });
  }

  /** At most `limit` entries of the chain whose sequence is above `after`, in order. */
  listChain(after: number, limit: number): Promise<LinkedAuditEntry[]> {
    return withDatabaseErrors(async () => {
      const rows = await this.#client.auditEntry.findMany({
        where: { sequence: { gt: after } },
        orderBy: { sequence: 'asc' },
        take: limit,
      });
      return rows.map(toLinked);
    });
  }

  /** At most `limit` entries without a place in the chain, oldest first. */
  listUnlinked(limit: number): Promise<AuditEntry[]> {
    return withDatabaseErrors(async () => {
      const rows = await this.#client.auditEntry.findMany({
        where: { sequence: null },
        orderBy: [{ at: 'asc' }, { id: 'asc' }],
        take: limit,
      });
      return rows.map(toEntry);
    });
  }

  /** Gives entries without a place theirs: all or none. */
  async link(links: readonly (AuditLink & { id: string })[]): Promise<void> {
    await withDatabaseErrors(() =>
      this.#client.$transaction(
        links.map(({ id, ...link }) =>
          this.#client.auditEntry.updateMany({ where: { id, sequence: null }, data: link }),
        ),
      ),
    );
  }

  /** True when the chain holds an entry with this action. */
  async hasLinked(action: string): Promise<boolean> {
    return withDatabaseErrors(async () => {
      const found = await this.#client.auditEntry.findFirst({
        where: { action, sequence: { not: null } },
        select: { id: true },
      });
      return found !== null;
    });
  }

  /** The last entry of the chain before the first one of `instant` or later. */
  async findLastBefore(instant: Date): Promise<AuditLink | null> {
    return withDatabaseErrors(async () => {
      const kept = await this.#client.auditEntry.aggregate({
        where: { at: { gte: instant }, sequence: { not: null } },
        _min: { sequence: true },
      });
      const below = kept._min.sequence === null ? {} : { lt: kept._min.sequence };
      const row = await this.#client.auditEntry.findFirst({
        where: { sequence: { not: null, ...below } },
        orderBy: { sequence: 'desc' },
      });
      return row && toLinked(row);
    });
  }

  /** The entry at this place of the chain. */
  findAt(sequence: number): Promise<LinkedAuditEntry | null> {
    return withDatabaseErrors(async () => {
      const row = await this.#client.auditEntry.findUnique({ where: { sequence } });
      return row && toLinked(row);
    });
  }

  /** Removes the entries of the chain up to `sequence`. @returns how many */
  removeThrough(sequence: number): Promise<number> {
    return withDatabaseErrors(async () => {
      const { count } = await this.#client.auditEntry.deleteMany({ where: { sequence: { lte: sequence } } });
      return count;
    });
  }

  #findLinked(sort: 'asc' | 'desc'): Promise<LinkedAuditEntry | null> {
    return withDatabaseErrors(async () => {
      const row = await this.#client.auditEntry.findFirst({
        where: { sequence: { not: null } },
        orderBy: { sequence: sort },
      });
      return row && toLinked(row);
    });
  }
}

type AuditRow = Prisma.AuditEntryGetPayload<object>;

function toEntry({ sequence, previousHash, hash, ...row }: AuditRow): AuditEntry {
  return { ...row, role: row.role as Role | null };
}

/** A row whose links were taken away keeps its place and gets hashes that fit nothing. */
function toLinked(row: AuditRow): LinkedAuditEntry {
  const { sequence, previousHash, hash } = row;
  return { ...toEntry(row), sequence: sequence ?? 0, previousHash: previousHash ?? '', hash: hash ?? '' };
}

function toWhere(filter: AuditFilter | null): Prisma.AuditEntryWhereInput {
  const { actor, action, target, after, before } = filter ?? {};
  return {
    ...(actor == null ? {} : { actor }),
    ...(action == null ? {} : { action }),
    ...(target == null ? {} : { target }),
    ...(after || before
      ? { at: { ...(after ? { gte: after } : {}), ...(before ? { lte: before } : {}) } }
      : {}),
  };
}
