import { Arg, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import type { ScheduleService } from '../../services/schedules/schedule-service.js';
import type { BackupRecord } from '../../shared/operation.js';
import type { ScheduleRecord } from '../../shared/schedule.js';
import { Backup } from '../backup/backup.type.js';
import { DateTime } from '../scalars/date-time.js';
import { Schedule } from './schedule.type.js';

/** Fields of `Schedule` that its record does not hold. */
@Resolver(() => Schedule)
export class ScheduleFieldsResolver {
  constructor(private readonly service: Pick<ScheduleService, 'nextRuns' | 'lastBackup'>) {}

  @FieldResolver(() => DateTime, {
    nullable: true,
    description: 'When it runs next; null when it is not enabled.',
  })
  nextRunAt(@Root() schedule: ScheduleRecord): Date | null {
    return this.service.nextRuns(schedule, 1)[0] ?? null;
  }

  @FieldResolver(() => [DateTime], {
    description: 'When it runs next and after that, soonest first; none when it is not enabled.',
  })
  nextRuns(
    @Root() schedule: ScheduleRecord,
    @Arg('count', () => Int, { defaultValue: 5, description: 'How many, 1 to 100.' }) count: number,
  ): Date[] {
    return this.service.nextRuns(schedule, count);
  }

  @FieldResolver(() => Backup, {
    nullable: true,
    description: 'The newest backup that it made; null when there is none.',
  })
  lastBackup(@Root() schedule: ScheduleRecord): Promise<BackupRecord | null> {
    return this.service.lastBackup(schedule);
  }
}
