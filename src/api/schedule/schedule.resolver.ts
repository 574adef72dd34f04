import { Arg, Ctx, Directive, ID, Mutation, Query, Resolver } from 'type-graphql';
import type { ScheduleService } from '../../services/schedules/schedule-service.js';
import type { BackupRecord } from '../../shared/operation.js';
import type { ScheduleRecord } from '../../shared/schedule.js';
import { ADMIN_ONLY } from '../auth/auth-directive.js';
import { CreateBackupPayload } from '../backup/backup-page.type.js';
import { type ApiContext, actorOf } from '../context.js';
import { ScheduleInput } from './schedule.input.js';
import { Schedule } from './schedule.type.js';

/** Queries and mutations about schedules. */
@Resolver()
export class ScheduleResolver {
  constructor(
    private readonly service: Pick<ScheduleService, 'list' | 'create' | 'update' | 'delete' | 'run'>,
  ) {}

  @Directive(ADMIN_ONLY)
  @Query(() => [Schedule], { description: 'Every schedule, by name; there are at most 100.' })
  schedules(): Promise<ScheduleRecord[]> {
    return this.service.list();
  }

  @Directive(ADMIN_ONLY)
  @Mutation(() => Schedule, {
    description: 'Makes a schedule. CONFLICT when another one has the name.',
  })
  createSchedule(
    @Ctx() context: ApiContext,
    @Arg('input', () => ScheduleInput, { description: 'What it is to do.' }) input: ScheduleInput,
  ): Promise<ScheduleRecord> {
    return this.service.create(actorOf(context), input);
  }

  @Directive(ADMIN_ONLY)
  @Mutation(() => Schedule, {
    description:
      'Replaces what a schedule is to do. With other times, or enabled again, nothing is caught up. CONFLICT when another one has the name.',
  })
  updateSchedule(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: 'The schedule.' }) id: string,
    @Arg('input', () => ScheduleInput, { description: 'What it is to do.' }) input: ScheduleInput,
  ): Promise<ScheduleRecord> {
    return this.service.update(actorOf(context), id, input);
  }

  @Directive(ADMIN_ONLY)
  @Mutation(() => ID, {
    description:
      'Deletes a schedule and answers its id. Its backups stay, kept by the rules that it had; one that runs goes on.',
  })
  async deleteSchedule(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: 'The schedule.' }) id: string,
  ): Promise<string> {
    await this.service.delete(actorOf(context), id);
    return id;
  }

  @Directive(ADMIN_ONLY)
  @Mutation(() => CreateBackupPayload, {
    description:
      'Makes a backup of a schedule now, also of one that is not enabled. CONFLICT while its last one has not ended.',
  })
  async runSchedule(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: 'The schedule.' }) id: string,
  ): Promise<{ backup: BackupRecord }> {
    return { backup: await this.service.run(actorOf(context), id) };
  }
}
