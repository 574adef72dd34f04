import type { Component } from './component.js';
import type { OperationError } from './operation.js';

/** `VERIFICATION`: every byte read and compared; `RESTORE_TEST`: restored to a scratch place, and looked at there. */
export const CHECK_KINDS = ['VERIFICATION', 'RESTORE_TEST'] as const;
export type CheckKind = (typeof CHECK_KINDS)[number];

/** RUNNING from the request on, also while it waits for its turn. */
export const CHECK_STATUSES = ['RUNNING', 'PASSED', 'FAILED'] as const;
export type CheckStatus = (typeof CHECK_STATUSES)[number];

/** One time that a backup was checked; the fields are those of the contract's `Verification`, and the evidence. */
export interface BackupCheck {
  id: string;
  backupId: string;
  kind: CheckKind;
  status: CheckStatus;
  checkedBytes: number;
  /** Subject of the token that asked for it, or what did. */
  createdBy: string;
  startedAt: Date;
  completedAt: Date | null;
  error: OperationError | null;
  /** What a restore test found; null for a verification, and until it has ended. */
  evidence: RestoreEvidence | null;
}

/** What was found when a backup was restored to a scratch place. */
export interface RestoreEvidence {
  /** The version of Tillvault that tested. */
  version: string;
  components: ComponentEvidence[];
}

/** One component of a restore test. */
export interface ComponentEvidence {
  component: Component;
  files: number;
  sizeBytes: number;
  /** From the first byte restored to the last one looked at. */
  durationMs: number;
  /** Rows of each table of a database, counted in the restored copy. */
  tables: TableRows[];
  /** What was checked, and what an administrator should know of it, one sentence each. */
  findings: string[];
}

/** How many rows a table has. */
export interface TableRows {
  /** With its schema where there are several. */
  name: string;
  rows: number;
}
