import type { Component } from '../../shared/component.js';
import type { BackupStatus, Trigger } from '../../shared/operation.js';
import type { KeepRules } from '../../shared/schedule.js';

/** A backup, as far as retention looks at it. */
export interface RetainedBackup {
  id: string;
  status: BackupStatus;
  trigger: Trigger;
  createdAt: Date;
  expiresAt: Date;
  pinned: boolean;
  /** What it holds. */
  components: readonly Component[];
  /** Components of it whose every byte was read and found good. */
  verified: readonly Component[];
  /** What uses it now, such as `being restored by restore 12`. */
  uses: readonly string[];
  scheduleId: string | null;
  keepRules: KeepRules | null;
}
