import type { Component } from '../shared/component.js';
import type { BackupStatus, BackupType } from '../shared/operation.js';

/** Which backups to list; absent and null mean any. Dates are inclusive, `search` is a part of the name in any case. */
export interface BackupFilter {
  status?: BackupStatus[] | null;
  type?: BackupType | null;
  component?: Component | null;
  createdAfter?: Date | null;
  createdBefore?: Date | null;
  search?: string | null;
  pinned?: boolean | null;
}

/** The order of a list; rows that are equal in `field` come in the order of their ids. */
export interface BackupSort {
  field: 'CREATED_AT' | 'NAME' | 'SIZE_BYTES' | 'EXPIRES_AT';
  direction: 'ASC' | 'DESC';
}

/** Figures over every backup that matches a filter, not only over the page. `running` counts QUEUED and RUNNING. */
export interface BackupSummary {
  total: number;
  completed: number;
  failed: number;
  running: number;
  totalSizeBytes: number;
  totalStoredBytes: number;
  /** Creation of the first and the last one; null when there is none. */
  oldest: Date | null;
  newest: Date | null;
}
