import { Field, InputType, Int } from 'type-graphql';
import type { ScheduleRequest } from '../../services/schedules/schedule-service.js';
import { COMPONENTS, type Component } from '../../shared/component.js';
import { ComponentEnum } from '../enums.js';

/** GraphQL `ScheduleInput`. */
@InputType({ description: 'What a schedule is to do; updateSchedule replaces all of it.' })
export class ScheduleInput implements ScheduleRequest {
  @Field(() => String, { description: '1 to 100 characters, unlike the name of any other schedule.' })
  name!: string;

  @Field(() => String, {
    description:
      'Five-field cron expression: minute, hour, day of month, month, day of week. A fixed time that daylight saving skips is due right after the gap, one that comes twice is due once.',
  })
  cron!: string;

  @Field(() => String, { defaultValue: 'UTC', description: 'IANA time zone, such as Europe/Berlin.' })
  timeZone!: string;

  @Field(() => Boolean, { defaultValue: true, description: 'false: makes no backups by itself.' })
  enabled!: boolean;

  @Field(() => [ComponentEnum], {
    defaultValue: [...COMPONENTS],
    description: 'What its backups are to hold.',
  })
  components!: Component[];

  @Field(() => Boolean, { defaultValue: true, description: 'Whether to encrypt with AES-256-GCM.' })
  encrypt!: boolean;

  @Field(() => Boolean, { defaultValue: true, description: 'Whether to compress with zstd.' })
  compress!: boolean;

  @Field(() => Int, { defaultValue: 30, description: 'Days to keep its backups at least, 1 to 365.' })
  retentionDays!: number;

  @Field(() => Int, {
    defaultValue: 0,
    description:
      'Puts each run off by up to this many seconds, 0 to 3600, shorter than the time between two runs.',
  })
  jitterSeconds!: number;

  @Field(() => Int, {
    nullable: true,
    defaultValue: null,
    description: 'How many of the newest backups to keep besides, 1 to 1000; null: none.',
  })
  keepLast?: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: null,
    description: 'Of how many hours that have a backup to keep the newest besides, 1 to 1000; null: none.',
  })
  keepHourly?: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: null,
    description: 'Of how many days that have a backup to keep the newest besides, 1 to 1000; null: none.',
  })
  keepDaily?: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: null,
    description:
      'Of how many weeks, from Monday that have a backup to keep the newest besides, 1 to 1000; null: none.',
  })
  keepWeekly?: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: null,
    description: 'Of how many months that have a backup to keep the newest besides, 1 to 1000; null: none.',
  })
  keepMonthly?: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: null,
    description: 'Of how many years that have a backup to keep the newest besides, 1 to 1000; null: none.',
  })
  keepYearly?: number | null;

  @Field(() => String, {
    nullable: true,
    defaultValue: null,
    description:
      'http: or https: URL to tell of each run (Healthchecks): with /start, as it is, or with /fail; null: none.',
  })
  pingUrl?: string | null;
}
