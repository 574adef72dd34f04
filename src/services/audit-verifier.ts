import type { AuditEntry, AuditRepository, LinkedAuditEntry } from '../db/audit-repository.js';
import { type AuditHead, GENESIS, linkEntry, parseTrim } from './audit-chain.js';

/** What a check of the audit log found. */
export interface AuditVerification {
  ok: boolean;
  /** Entries whose hash was computed again and fits, up to the first that does not. */
  checkedEntries: number;
  /** Place of the oldest entry that is there; null for an empty log. */
  firstSequence: number | null;
  /** Place of the last entry that fits; null when none does. */
  lastSequence: number | null;
  /** The first entry that is wrong or has something missing before it; null when all is well or the end is missing. */
  brokenId: string | null;
  /** What is wrong, in a sentence; null when all is well. */
  reason: string | null;
}

/** A head that was kept outside of the database. */
export interface AuditWitness extends AuditHead {
  /** Who kept it, for people. */
  keptBy: string;
}

/** What a check works with. */
export interface AuditVerifierDeps {
  audit: Pick<AuditRepository, 'listChain' | 'listUnlinked'>;
  key: Uint8Array;
  /** In any order. */
  witnesses: readonly AuditWitness[];
}

const PAGE = 1_000;

/**
 * Reads the whole chain, computes every hash again, and compares it with what witnesses outside of the database say.
 * Holds one page of entries at a time.
 */
export async function verifyAudit(deps: AuditVerifierDeps): Promise<AuditVerification> {
  const walk = new ChainWalk(deps.key, deps.witnesses);
  let last = 0;
  for (;;) {
    const page = await deps.audit.listChain(last, PAGE);
    if (page.length === 0) break;
    for (const entry of page) if (!walk.step(entry)) return walk.result();
    last = page.at(-1)!.sequence;
  }
  const [unlinked] = await deps.audit.listUnlinked(1);
  walk.finish(unlinked ?? null);
  return walk.result();
}

/** Goes along the chain and remembers the first thing that is wrong. */
class ChainWalk {
  readonly #key: Uint8Array;
  readonly #witnesses: ReadonlyMap<number, AuditWitness[]>;
  readonly #furthest: AuditWitness | undefined;
  /** What a removal must be found for; null when the log begins with the first entry ever. */
  #floor: AuditHead | null = null;
  #isFloorExplained = false;
  #head: AuditHead | null = null;
  #first: LinkedAuditEntry | null = null;
  #checked = 0;
  #broken: { id: string | null; reason: string } | null = null;

  constructor(key: Uint8Array, witnesses: readonly AuditWitness[]) {
    this.#key = key;
    this.#witnesses = Map.groupBy(witnesses, ({ sequence }) => sequence);
    this.#furthest = witnesses.toSorted((a, b) => b.sequence - a.sequence)[0];
  }

  /** @returns false when the entry is wrong, and the walk ends */
  step(entry: LinkedAuditEntry): boolean {
    if (this.#first === null) this.#startAt(entry);
    const reason = this.#findFault(entry, this.#head ?? this.#floor ?? GENESIS);
    if (reason !== null) {
      this.#broken = { id: entry.id, reason };
      return false;
    }
    this.#head = { sequence: entry.sequence, hash: entry.hash };
    this.#checked += 1;
    const trim = parseTrim(entry);
    if (trim !== null && trim.sequence === this.#floor?.sequence && trim.hash === this.#floor.hash) {
      this.#isFloorExplained = true;
    }
    return true;
  }

  /** @param unlinked an entry without a place in the chain */
  finish(unlinked: AuditEntry | null): void {
    const end = this.#head?.sequence ?? 0;
    const ahead = (this.#furthest?.sequence ?? 0) > end ? this.#furthest : undefined;
    if (this.#floor !== null && !this.#isFloorExplained) {
      const reason = `Entries 1 to ${this.#floor.sequence} are missing, and no removal of them is recorded`;
      this.#broken = { id: this.#first?.id ?? null, reason };
    } else if (ahead !== undefined) {
      const reason = `Entries ${end + 1} to ${ahead.sequence} are missing at the end: ${ahead.keptBy} has seen them`;
      this.#broken = { id: null, reason };
    } else if (unlinked !== null) {
      const reason = 'The entry has no place in the chain: it was not written by this server';
      this.#broken = { id: unlinked.id, reason };
    }
  }

  result(): AuditVerification {
    return {
      ok: this.#broken === null,
      checkedEntries: this.#checked,
      firstSequence: this.#first?.sequence ?? null,
      lastSequence: this.#head?.sequence ?? null,
      brokenId: this.#broken?.id ?? null,
      reason: this.#broken?.reason ?? null,
    };
  }

  #startAt(entry: LinkedAuditEntry): void {
    this.#first = entry;
    if (entry.sequence > 1) this.#floor = { sequence: entry.sequence - 1, hash: entry.previousHash };
  }

  #findFault(entry: LinkedAuditEntry, before: AuditHead): string | null {
    const expected = before.sequence + 1;
    if (entry.sequence !== expected) return describeGap(expected, entry.sequence);
    const { hash } = linkEntry(this.#key, before, entry);
    if (entry.previousHash !== before.hash) {
      return `Entry ${entry.sequence} does not follow on the one before it: one of them was put in place of another`;
    }
    if (entry.hash !== hash) return `Entry ${entry.sequence} was changed after it was written`;
    const witness = this.#witnesses.get(entry.sequence)?.find((each) => each.hash !== entry.hash);
    if (witness !== undefined) {
      return `Entry ${entry.sequence} is not the one that ${witness.keptBy} has seen: the log was written again`;
    }
    return null;
  }
}

function describeGap(expected: number, found: number): string {
  if (found < expected) return `Entry ${found} stands where ${expected} was expected`;
  return found === expected + 1
    ? `Entry ${expected} is missing`
    : `Entries ${expected} to ${found - 1} are missing`;
}
