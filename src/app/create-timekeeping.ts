import type { Config } from '../config.js';
import type { BackupRepository } from '../db/backup-repository.js';
import { CronCalendar } from '../jobs/cron-calendar.js';
import { Scheduler } from '../jobs/scheduler.js';
import type { BackupCheckService } from '../services/backup-check-service.js';
import { listCheckTasks } from '../services/check-tasks.js';
import { type CleanupService, SCHEDULED_CLEANUP } from '../services/cleanup-service.js';
import { RecurringTasks, type RecurringTasksDeps } from '../services/recurring-tasks.js';
import type { RepositoryVerification } from '../services/repository-verification.js';
import { ScheduleRuns, type ScheduleRunsDeps } from '../services/schedules/schedule-runs.js';
import { ScheduleService, type ScheduleServiceDeps } from '../services/schedules/schedule-service.js';
import { systemWakeTimer } from '../shared/wake-timer.js';

/** What happens by itself at its time: schedules, and what the configuration asks for. */
export function createTimekeeping(
  { cleanupCron, verifyDays, restoreTestCron }: Config,
  deps: Omit<ScheduleServiceDeps, 'runs' | 'calendar' | 'onChange'> &
    Omit<ScheduleRunsDeps, 'backups'> & { backups: BackupRepository } & Omit<
      RecurringTasksDeps,
      'calendar'
    > & {
      cleanup: CleanupService;
      checkService: BackupCheckService;
      repository: RepositoryVerification;
    },
) {
  const calendar = new CronCalendar();
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  const cleaning = { name: 'cleanup', setting: 'CLEANUP_CRON', timeZone };
  const run = async (signal: AbortSignal) => {
    await deps.cleanup.run(SCHEDULED_CLEANUP, { dryRun: false, signal });
  };
  const wanted = cleanupCron === null ? [] : [{ ...cleaning, cron: cleanupCron, run }];
  const times = { verifyDays, restoreTestCron, timeZone };
  const checkTasks = listCheckTasks(times, { checks: deps.checkService, repository: deps.repository });
  const tasks = new RecurringTasks([...wanted, ...checkTasks], { ...deps, calendar });
  const runs = new ScheduleRuns(deps);
  const scheduler = new Scheduler([runs, tasks], { ...deps, calendar, timer: systemWakeTimer });
  const onChange = () => scheduler.wake();
  return { scheduler, tasks, schedules: new ScheduleService({ ...deps, runs, calendar, onChange }) };
}
