import type { Component } from './component.js';
import type { BackupStatus, RestoreStatus } from './operation.js';

/** Moments at which a program of the administrator's can run. */
export const HOOK_MOMENTS = ['beforeBackup', 'afterBackup', 'beforeRestore', 'afterRestore'] as const;
export type HookMoment = (typeof HOOK_MOMENTS)[number];

/** One run of a hook: what it is told. */
export interface HookRun {
  moment: HookMoment;
  operation: 'backup' | 'restore';
  /** Of the backup or restore. */
  id: string;
  /** Before: RUNNING or RESTORING; after: how it ended. */
  status: BackupStatus | RestoreStatus;
  components: readonly Component[];
}

/**
 * Runs what is configured for a moment, to its end; nothing configured: nothing to do.
 * @throws AppError HOOK_FAILED when it cannot be started, fails or takes too long; CancelledError
 */
export type RunHook = (run: HookRun, signal?: AbortSignal) => Promise<void>;
