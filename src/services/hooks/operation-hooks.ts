import { AppError } from '../../shared/errors.js';
import type { HookRun, RunHook } from '../../shared/hook.js';
import type { BackupRecord, BackupStatus, RestoreRecord, RestoreStatus } from '../../shared/operation.js';

/** What of an operation its hooks are told. */
export type HookedBackup = Pick<BackupRecord, 'id' | 'requestedComponents'>;
export type HookedRestore = Pick<RestoreRecord, 'id' | 'components' | 'validateOnly' | 'targetPath'>;

/**
 * Runs the administrator's programs before and after operations: to stop the till, to flush its cache, to start it
 * again. Restores have hooks only when they replace live data.
 */
export class OperationHooks {
  readonly #runHook: RunHook;
  readonly #onFailure: (error: unknown, id: string) => void;

  /** @param options.onFailure told of an after-hook that failed for a reason that nobody foresaw */
  constructor(runHook: RunHook, options: { onFailure: (error: unknown, id: string) => void }) {
    this.#runHook = runHook;
    this.#onFailure = options.onFailure;
  }

  /** @throws AppError HOOK_FAILED, CancelledError; the backup must not begin then */
  async beforeBackup(
    { id, requestedComponents: components }: HookedBackup,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#runHook(
      { moment: 'beforeBackup', operation: 'backup', id, status: 'RUNNING', components },
      signal,
    );
  }

  /** Runs however the backup ended, and cannot be cancelled. @returns notices: one when it failed */
  afterBackup(
    { id, requestedComponents: components }: HookedBackup,
    status: BackupStatus,
  ): Promise<string[]> {
    return this.#after({ moment: 'afterBackup', operation: 'backup', id, status, components });
  }

  /** @throws AppError HOOK_FAILED, CancelledError; the restore must not begin then */
  async beforeRestore(restore: HookedRestore, signal: AbortSignal): Promise<void> {
    if (!isLive(restore)) return;
    const { id, components } = restore;
    await this.#runHook(
      { moment: 'beforeRestore', operation: 'restore', id, status: 'RESTORING', components },
      signal,
    );
  }

  /** Runs however the restore ended, and cannot be cancelled. @returns notices: one when it failed */
  async afterRestore(restore: HookedRestore, status: RestoreStatus): Promise<string[]> {
    if (!isLive(restore)) return [];
    const { id, components } = restore;
    return this.#after({ moment: 'afterRestore', operation: 'restore', id, status, components });
  }

  async #after(run: HookRun): Promise<string[]> {
    try {
      await this.#runHook(run);
      return [];
    } catch (error) {
      if (error instanceof AppError) return [error.message];
      this.#onFailure(error, run.id);
      return ['The hook that was to run afterwards failed: the server log says more'];
    }
  }
}

function isLive({ validateOnly, targetPath }: HookedRestore): boolean {
  return !validateOnly && targetPath === null;
}
