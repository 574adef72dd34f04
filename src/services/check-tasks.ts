import type { BackupCheckService } from './backup-check-service.js';
import type { RecurringTask } from './recurring-tasks.js';
import type { RepositoryVerification } from './repository-verification.js';

/** What the configuration says of checks. */
export interface CheckTimes {
  /** 0: the repository is not read by itself. */
  verifyDays: number;
  /** Five fields; null: restores are not tested by themselves. */
  restoreTestCron: string | null;
  /** IANA name. */
  timeZone: string;
}

/** When the day's part of the repository is read. */
const VERIFY_CRON = '30 2 * * *';

/** The checks that the server makes by itself. */
export function listCheckTasks(
  { verifyDays, restoreTestCron, timeZone }: CheckTimes,
  deps: { checks: Pick<BackupCheckService, 'testNewest'>; repository: Pick<RepositoryVerification, 'run'> },
): RecurringTask[] {
  const tasks: RecurringTask[] = [];
  if (verifyDays > 0) {
    const run = (signal: AbortSignal) => deps.repository.run(signal);
    tasks.push({ name: 'repository-verification', setting: 'VERIFY_DAYS', cron: VERIFY_CRON, timeZone, run });
  }
  if (restoreTestCron !== null) {
    const run = async () => {
      await deps.checks.testNewest();
    };
    tasks.push({ name: 'restore-test', setting: 'RESTORE_TEST_CRON', cron: restoreTestCron, timeZone, run });
  }
  return tasks;
}
