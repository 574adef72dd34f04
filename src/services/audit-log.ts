import type { AuditEntry, AuditRepository } from '../db/audit-repository.js';
import { StorageError } from '../shared/errors.js';
import { Lane } from '../shared/lane.js';
import { type AuditHead, BEGIN, GENESIS, linkEntry } from './audit-chain.js';

/** Keeps the chain's head where the metadata database's writers do not reach. */
export interface AuditAnchor {
  /** The head that was kept last; null when none was. */
  read(): Promise<AuditHead | null>;
  /** Keeps `head`. Returns at once; a later head replaces one that is still to be kept. */
  keep(head: AuditHead): void;
  /** Resolves when the last head has been kept, or could not be. */
  settled(): Promise<void>;
}

/** What the audit log works with. */
export interface AuditLogDeps {
  audit: AuditRepository;
  anchor: AuditAnchor;
  /** Makes the entry that begins a chain after entries of before there was one. */
  stamp(event: { action: string; detail: string }): AuditEntry;
}

/** Others that write the same chain can be faster this many times in a row. */
const MAX_ATTEMPTS = 50;
/** Entries that are linked in one transaction when a chain begins. */
const LINK_BATCH = 500;

/**
 * Appends to the chain. Entries of this process are written one after another; of several servers on one database
 * the one that finds its place taken tries the next.
 */
export class AuditLog {
  readonly #deps: AuditLogDeps;
  readonly #lane = new Lane();
  #key: Uint8Array | null = null;
  /** The end of the chain as far as this process knows; null: ask the database. */
  #head: AuditHead | null = null;
  /** The furthest head ever seen: the chain never goes on from one before it, so that a cut end leaves a gap. */
  #furthest: AuditHead = GENESIS;

  constructor(deps: AuditLogDeps) {
    this.#deps = deps;
  }

  /**
   * Makes the log ready, and links the entries of before there was a chain. To be called once, before `append`.
   * @param key of the chain: whoever has only the database cannot compute a hash
   * @param seen heads that others have kept; with what the anchor has kept they tell whether the end was cut off
   */
  async open(key: Uint8Array, seen: readonly AuditHead[]): Promise<void> {
    this.#key = key;
    const anchored = await this.#deps.anchor.read();
    for (const head of anchored === null ? seen : [anchored, ...seen]) {
      if (head.sequence > this.#furthest.sequence) this.#furthest = head;
    }
    if (this.#furthest === GENESIS) await this.#lane.run(() => this.#begin(key));
  }

  /** The end of the chain as far as this process has seen it; null before the first entry. */
  get head(): AuditHead | null {
    return this.#furthest === GENESIS ? null : this.#furthest;
  }

  /** @throws StorageError when the entry cannot be stored */
  append(entry: AuditEntry): Promise<void> {
    return this.#lane.run(() => this.#append(entry));
  }

  /** Resolves when everything given to `append` has ended and the head is kept. */
  async settled(): Promise<void> {
    await this.#lane.settled();
    await this.#deps.anchor.settled();
  }

  async #append(entry: AuditEntry): Promise<void> {
    const { audit, anchor } = this.#deps;
    if (this.#key === null) throw new StorageError('SERVICE_UNAVAILABLE', 'The audit log is not open yet');
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const before = this.#head ?? (await this.#readHead());
      // Forgotten until it is stored: after an error nobody knows whether it was.
      this.#head = null;
      const link = linkEntry(this.#key, before, entry);
      if (!(await audit.append({ ...entry, ...link }))) continue;
      this.#head = { sequence: link.sequence, hash: link.hash };
      this.#furthest = this.#head;
      anchor.keep(this.#head);
      return;
    }
    throw new StorageError('SERVICE_UNAVAILABLE', 'Other servers kept the audit log busy; try again', {
      retryable: true,
    });
  }

  async #readHead(): Promise<AuditHead> {
    const stored = await this.#deps.audit.findHead();
    return stored !== null && stored.sequence > this.#furthest.sequence ? stored : this.#furthest;
  }

  /** Links what was written before there was a chain; continues where an earlier start was cut short. */
  async #begin(key: Uint8Array): Promise<void> {
    const { audit, stamp } = this.#deps;
    const first = await audit.findFirst();
    const hasBegun = (await audit.hasLinked(BEGIN)) || (first !== null && first.sequence > 1);
    if (hasBegun) return;
    let head: AuditHead = (await audit.findHead()) ?? GENESIS;
    for (;;) {
      const entries = await audit.listUnlinked(LINK_BATCH);
      if (entries.length === 0) break;
      const links = entries.map((entry) => {
        const link = linkEntry(key, head, entry);
        head = link;
        return { id: entry.id, ...link };
      });
      await audit.link(links);
    }
    const detail = `${head.sequence} earlier entries were linked`;
    await this.#append(stamp({ action: BEGIN, detail }));
  }
}
