import { undoAdding } from './adding-swap.js';
import { undoContents } from './contents-swap.js';
import type { PlacePlan } from './place-plans.js';
import { undoReplacing } from './replacing-swap.js';

/** Brings back what was there before the swap of one place, in whatever process. May be called again. */
export async function undoPlace(plan: PlacePlan): Promise<void> {
  if (plan.kind === 'replace') undoReplacing(plan);
  else if (plan.kind === 'add') await undoAdding(plan);
  else await undoContents(plan);
}
