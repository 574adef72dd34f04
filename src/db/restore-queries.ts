import type { RestoreStatus } from '../shared/operation.js';

/** Which restores to list; absent and null mean any. Dates are inclusive. */
export interface RestoreFilter {
  status?: RestoreStatus[] | null;
  backupId?: string | null;
  createdAfter?: Date | null;
  createdBefore?: Date | null;
}

/**
 * Figures over every restore that matches a filter, not only over the page.
 * `running` counts QUEUED, VALIDATING and RESTORING; `validated` counts those whose bytes were all checked.
 */
export interface RestoreSummary {
  total: number;
  completed: number;
  failed: number;
  running: number;
  rolledBack: number;
  validated: number;
}
