import type { BackupCheck } from '../../shared/backup-check.js';
import type { RestoreTest } from './restore-test.type.js';

/** A restore test as the API answers it. */
export function toRestoreTest({ evidence, ...check }: BackupCheck): RestoreTest {
  return {
    ...check,
    version: evidence?.version ?? null,
    components: (evidence?.components ?? []).map(({ durationMs, ...component }) => ({
      ...component,
      seconds: durationMs / 1_000,
    })),
  };
}
