import type { Role } from '../shared/operation.js';
import { withDatabaseErrors } from './database-error.js';
import type { PrismaClient } from './generated/sqlite/client.js';

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
}

/** An event with what makes it an entry of the log. */
export interface AuditEntry extends AuditEvent {
  id: string;
  at: Date;
}

/** The audit log: entries are added and never changed. */
export class AuditRepository {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /** @throws StorageError when the database cannot answer */
  async append(entry: AuditEntry): Promise<void> {
    await withDatabaseErrors(() => this.#client.auditEntry.create({ data: entry }));
  }

  /** The newest `limit` entries, newest first. @throws StorageError when the database cannot answer */
  listNewest(limit: number): Promise<AuditEntry[]> {
    return withDatabaseErrors(async () => {
      const rows = await this.#client.auditEntry.findMany({
        orderBy: [{ at: 'desc' }, { id: 'desc' }],
        take: limit,
      });
      return rows.map((row) => ({ ...row, role: row.role as Role | null }));
    });
  }
}
