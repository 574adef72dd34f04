/**
 * The chain of the audit log: every entry carries a keyed hash over the hash before it and its own content, so that
 * an entry that is changed, removed or added by somebody without the key is found. Pure functions, no state.
 */
import { createHmac } from 'node:crypto';
import type { AuditEntry, AuditLink } from '../db/audit-repository.js';

/** The place that the next entry follows on, and what is kept outside the database to notice a cut end. */
export interface AuditHead {
  /** 0: before the first entry. */
  sequence: number;
  /** Lower-case hex. */
  hash: string;
}

/** What the first entry follows on. */
export const GENESIS: AuditHead = { sequence: 0, hash: '0'.repeat(64) };

/** Action of the entry that records a removal of old entries; its `detail` names the last one that was removed. */
export const TRIM = 'audit.trim';
/** Action of the entry that follows on those of before there was a chain. */
export const BEGIN = 'audit.begin';

/** Hex digits of a hash. */
const HASH = /^[0-9a-f]{64}$/;

/**
 * The place of `entry` after `head`.
 * hash = HMAC-SHA-256(key, JSON of [1, sequence, hash before, id, at, actor, role, action, target, outcome,
 * remoteAddress, detail]); JSON arrays have one form, so that no two contents share one.
 */
export function linkEntry(key: Uint8Array, head: AuditHead, entry: AuditEntry): AuditLink {
  const sequence = head.sequence + 1;
  const content = [
    1,
    sequence,
    head.hash,
    entry.id,
    entry.at.toISOString(),
    entry.actor,
    entry.role,
    entry.action,
    entry.target,
    entry.outcome,
    entry.remoteAddress,
    entry.detail,
  ];
  const hash = createHmac('sha256', key).update(JSON.stringify(content)).digest('hex');
  return { sequence, previousHash: head.hash, hash };
}

/** What the entry of a removal says: everything up to `head` is gone. */
export function describeTrim({ sequence, hash }: AuditHead): string {
  return `through ${sequence} ${hash}`;
}

/** The end of a removal, or null when `entry` is not one of a removal. */
export function parseTrim({ action, detail }: Pick<AuditEntry, 'action' | 'detail'>): AuditHead | null {
  const [, sequence, hash] = /^through (\d+) ([0-9a-f]{64})$/.exec(detail ?? '') ?? [];
  return action === TRIM && sequence !== undefined && hash !== undefined
    ? { sequence: Number(sequence), hash }
    : null;
}

/** `value` as a head, or null when it is none. */
export function parseHead(value: { sequence?: unknown; hash?: unknown } | null): AuditHead | null {
  const { sequence, hash } = value ?? {};
  if (!Number.isSafeInteger(sequence) || typeof hash !== 'string' || !HASH.test(hash)) return null;
  return { sequence: sequence as number, hash };
}
