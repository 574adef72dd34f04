/** Chooses what a clean-up gives up. Knows sizes only; what is alive is known by then. */
import { MiB } from '../../shared/bytes.js';
import type { PackLife } from '../repository/liveness.js';

/** When more than this share of the stored bytes is dead, packs are rewritten. */
const MAX_DEAD_SHARE = 0.05;
/** They are rewritten until this share is dead: sizes are estimates. */
const AIMED_DEAD_SHARE = 0.04;

/** So many small packs of one kind are left alone. */
export const SMALL_PACKS = 32;
const SMALL_PACK_BYTES = 4 * MiB;

/** What a clean-up gives up, and what stays. */
export interface PrunePlan {
  /** Nothing in them is needed. */
  dead: PackLife[];
  /** What is needed of them is to be copied. */
  rewritten: PackLife[];
  /** Dead bytes in the packs that stay. */
  deadBytes: number;
}

/**
 * @param packs every pack that may be given up
 * @param usedBytes of all packs
 */
export function planPrune(packs: readonly PackLife[], usedBytes: number): PrunePlan {
  const dead = packs.filter(({ isDead }) => isDead);
  const alive = packs.filter(({ isDead }) => !isDead);
  const rewritten = new Set(chooseSmall(alive));
  let stayBytes = usedBytes - sum(dead, 'sizeBytes');
  const others = alive.filter((pack) => !rewritten.has(pack));
  let deadBytes = sum(others, 'deadBytes');
  stayBytes -= sum([...rewritten], 'deadBytes');
  if (deadBytes > stayBytes * MAX_DEAD_SHARE) {
    for (const pack of others.sort((a, b) => b.deadBytes - a.deadBytes)) {
      if (deadBytes <= stayBytes * AIMED_DEAD_SHARE) break;
      rewritten.add(pack);
      deadBytes -= pack.deadBytes;
      stayBytes -= pack.deadBytes;
    }
  }
  return { dead, rewritten: [...rewritten], deadBytes };
}

/** Small packs of one kind, where there are many of them. */
function chooseSmall(packs: readonly PackLife[]): PackLife[] {
  const kinds = new Map<string, PackLife[]>();
  for (const pack of packs) {
    if (pack.sizeBytes >= SMALL_PACK_BYTES) continue;
    const kind = `${pack.domain} ${pack.isManifest}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), pack]);
  }
  return [...kinds.values()].filter((small) => small.length > SMALL_PACKS).flat();
}

function sum(packs: readonly PackLife[], field: 'sizeBytes' | 'deadBytes'): number {
  return packs.reduce((total, pack) => total + pack[field], 0);
}
