import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { Component } from '../../shared/component.js';
import type { ScheduleRecord } from '../../shared/schedule.js';
import { ComponentEnum } from '../enums.js';
import { DateTime } from '../scalars/date-time.js';

/**
 * GraphQL `Schedule`; `nextRunAt`, `nextRuns` and `lastBackup` are in `ScheduleFieldsResolver`.
 * A `ScheduleRecord` is answered as it is.
 */
@ObjectType({ description: 'Backups that make themselves at the times of a cron expression.' })
export class Schedule implements Partial<ScheduleRecord> {
  @Field(() => ID, { description: 'Identifies the schedule.' })
  id!: string;

  @Field(() => String, { description: 'Its name, 1 to 100 characters, unlike that of any other schedule.' })
  name!: string;

  @Field(() => String, { description: 'Five-field cron expression.' })
  cron!: string;

  @Field(() => String, { description: 'IANA time zone that the expression and the keep rules go by.' })
  timeZone!: string;

  @Field(() => Boolean, { description: 'false: makes no backups by itself.' })
  enabled!: boolean;

  @Field(() => [ComponentEnum], { description: 'What its backups hold.' })
  components!: Component[];

  @Field(() => Boolean, { description: 'Whether its backups are encrypted with AES-256-GCM.' })
  encrypt!: boolean;

  @Field(() => Boolean, { description: 'Whether its backups are compressed with zstd.' })
  compress!: boolean;

  @Field(() => Int, { description: 'Days that its backups are kept at least, 1 to 365.' })
  retentionDays!: number;

  @Field(() => Int, {
    description:
      'Each run is put off by up to this many seconds, 0 to 3600, so that many tills do not begin at once.',
  })
  jitterSeconds!: number;

  @Field(() => Int, {
    nullable: true,
    description: 'How many of the newest backups are kept besides; null: none.',
  })
  keepLast!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Of how many hours that have a backup the newest is kept besides; null: none.',
  })
  keepHourly!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Of how many days that have a backup the newest is kept besides; null: none.',
  })
  keepDaily!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Of how many weeks, from Monday that have a backup the newest is kept besides; null: none.',
  })
  keepWeekly!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Of how many months that have a backup the newest is kept besides; null: none.',
  })
  keepMonthly!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Of how many years that have a backup the newest is kept besides; null: none.',
  })
  keepYearly!: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      'URL that is told of each run (Healthchecks): with /start, as it is, or with /fail. A secret.',
  })
  pingUrl!: string | null;

  @Field(() => DateTime, { description: 'When it was made.' })
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it last asked for a backup; null before.' })
  lastRunAt!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When a run was last left out, since the one before had not ended; null when none was.',
  })
  lastSkippedAt!: Date | null;

  @Field(() => String, { nullable: true, description: 'Why that run was left out; null when none was.' })
  lastSkipReason!: string | null;
}
