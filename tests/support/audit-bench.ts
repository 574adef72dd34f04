import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AuditAnchorFile } from '../../src/db/audit-anchor-file.js';
import { type Metadata, openMetadata } from '../../src/db/metadata.js';
import { type AuditEvent, AuditService, type AuditVerification } from '../../src/services/audit-service.js';
import type { AuditWitness } from '../../src/services/audit-verifier.js';
import { systemRandom } from '../../src/shared/random.js';

/** The key of the tests' chain. */
export const AUDIT_KEY = createHash('sha256').update('audit').digest();

/** Something that somebody did. */
export function makeEvent(changes: Partial<AuditEvent> = {}): AuditEvent {
  const event = {
    actor: 'anna',
    role: 'ADMIN',
    action: 'backup.create',
    target: 'b1',
    outcome: 'ok',
  } as const;
  return { ...event, remoteAddress: '192.0.2.7', ...changes };
}

/** An audit log over a real database in a temporary folder, which a test can tamper with while it is closed. */
export class AuditBench implements AsyncDisposable {
  /** What the clock says. */
  now = new Date('2026-02-01T10:00:00.000Z');
  /** Heads that snapshots have seen. */
  witnesses: AuditWitness[] = [];
  readonly failures: unknown[] = [];
  #metadata: Metadata | null = null;
  #audit: AuditService | null = null;

  private constructor(readonly folder: string) {}

  static async open(): Promise<AuditBench> {
    const bench = new AuditBench(await mkdtemp(join(tmpdir(), 'tillvault-audit-')));
    await bench.start();
    return bench;
  }

  get audit(): AuditService {
    return this.#audit!;
  }

  get metadata(): Metadata {
    return this.#metadata!;
  }

  /** As the start of a server. */
  async start(): Promise<void> {
    this.#metadata = await openMetadata(`file:${join(this.folder, 'metadata.db')}`);
    this.#audit = this.join(this.#metadata);
    await this.#audit.open(AUDIT_KEY);
  }

  /** Another server's log over `metadata`, not opened yet. */
  join(metadata: Metadata, dataDir = this.folder): AuditService {
    return new AuditService({
      audit: metadata.audit,
      anchor: new AuditAnchorFile(dataDir, { onFailure: (error) => this.failures.push(error) }),
      serverId: 'bench',
      witnesses: async () => this.witnesses,
      clock: { now: () => this.now, monotonicMs: () => this.now.getTime() },
      random: systemRandom,
    });
  }

  async stop(): Promise<void> {
    await this.#audit?.close();
    await this.#metadata?.close();
  }

  /** Runs `sql` on the database while no server has it, and starts one again. */
  async tamper(sql: string): Promise<void> {
    await this.stop();
    const database = new DatabaseSync(join(this.folder, 'metadata.db'));
    database.exec(sql);
    database.close();
    await this.start();
  }

  /** Records events one millisecond apart. */
  async record(count: number, changes: Partial<AuditEvent> = {}): Promise<void> {
    for (let at = 0; at < count; at++) {
      this.now = new Date(this.now.getTime() + 1);
      await this.audit.record(makeEvent({ target: `b${at}`, ...changes }));
    }
  }

  verify(): Promise<AuditVerification> {
    return this.audit.verify();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true });
  }
}
