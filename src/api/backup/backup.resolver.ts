import { Arg, Ctx, Directive, ID, Int, Mutation, Query, Resolver } from 'type-graphql';
import type { BackupService } from '../../services/backup-service.js';
import type { BackupRecord } from '../../shared/operation.js';
import { toPagination } from '../../shared/paging.js';
import { ADMIN_ONLY } from '../auth/auth-directive.js';
import { type ApiContext, actorOf } from '../context.js';
import { BackupFilter, BackupSort, CreateBackupInput } from './backup.input.js';
import { Backup } from './backup.type.js';
import { BackupPage, BatchResult, CreateBackupPayload, DeleteBackupPayload } from './backup-page.type.js';

const BY_NEWEST: BackupSort = { field: 'CREATED_AT', direction: 'DESC' };

/** Queries and mutations about backups. */
@Resolver()
export class BackupResolver {
  constructor(
    private readonly service: Pick<
      BackupService,
      'list' | 'get' | 'create' | 'delete' | 'deleteAll' | 'cancel' | 'pin' | 'confirm'
    >,
  ) {}

  @Directive(ADMIN_ONLY)
  @Query(() => BackupPage, { description: 'Lists backups. limit is 1 to 100.' })
  async backups(
    @Arg('page', () => Int, { defaultValue: 1, description: 'Number of the page, from 1.' }) page: number,
    @Arg('limit', () => Int, { defaultValue: 10, description: 'Most backups on a page, 1 to 100.' })
    limit: number,
    @Arg('filter', () => BackupFilter, { nullable: true, description: 'Which backups; absent: all.' })
    filter: BackupFilter | null,
    @Arg('sort', () => BackupSort, { nullable: true, description: 'In which order; absent: newest first.' })
    sort: BackupSort | null,
  ): Promise<BackupPageRecord> {
    const { items, total, summary } = await this.service.list(
      { page, limit },
      filter ?? null,
      sort ?? BY_NEWEST,
    );
    return { items, summary, pagination: toPagination({ page, limit }, total) };
  }

  @Directive(ADMIN_ONLY)
  @Query(() => Backup, { description: 'One backup; NOT_FOUND when there is none with this id.' })
  backup(@Arg('id', () => ID, { description: 'The backup.' }) id: string): Promise<BackupRecord> {
    return this.service.get(id);
  }

  @Directive(ADMIN_ONLY)
  @Mutation(() => CreateBackupPayload, {
    description: 'Answers at once with the queued backup; follow it with backupProgress.',
  })
  async createBackup(
    @Ctx() context: ApiContext,
    @Arg('input', () => CreateBackupInput, { description: 'What to back up, and how.' })
    input: CreateBackupInput,
  ): Promise<{ backup: BackupRecord }> {
    return { backup: await this.service.create(actorOf(context), input) };
  }

  @Directive(ADMIN_ONLY)
  @Mutation(() => DeleteBackupPayload, {
    description: 'Deletes a backup. CONFLICT while it runs, is being restored from, or is pinned.',
  })
  async deleteBackup(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: 'The backup.' }) id: string,
  ): Promise<DeleteBackupPayload> {
    await this.service.delete(actorOf(context), id);
    return { deletedId: id };
  }

  @Directive(ADMIN_ONLY)
  @Mutation(() => Backup, {
    description:
      'Cancels a backup that is QUEUED or RUNNING and answers when it has ended. CONFLICT when it had ended.',
  })
  cancelBackup(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: 'The backup.' }) id: string,
  ): Promise<BackupRecord> {
    return this.service.cancel(actorOf(context), id);
  }

  @Directive(ADMIN_ONLY)
  @Mutation(() => [BatchResult], {
    description:
      'Deletes 1 to 100 backups, each by itself: what one is refused for does not stop the others. Answers in the order asked for.',
  })
  deleteBackups(
    @Ctx() context: ApiContext,
    @Arg('ids', () => [ID], { description: 'The backups.' }) ids: string[],
  ): Promise<BatchResult[]> {
    return this.service.deleteAll(actorOf(context), ids);
  }

  @Directive(ADMIN_ONLY)
  @Mutation(() => Backup, {
    description: 'Pins a backup, so that it never expires and cannot be deleted, or unpins it.',
  })
  pinBackup(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: 'The backup.' }) id: string,
    @Arg('pinned', () => Boolean, { defaultValue: true, description: 'false: unpins it.' }) pinned: boolean,
  ): Promise<BackupRecord> {
    return this.service.pin(actorOf(context), id, pinned);
  }

  @Directive(ADMIN_ONLY)
  @Mutation(() => Backup, {
    description:
      'Says that a suspicious backup is as it should be, so that the clean-up deletes again. CONFLICT when it is not suspicious.',
  })
  confirmBackup(
    @Ctx() context: ApiContext,
    @Arg('id', () => ID, { description: 'The backup.' }) id: string,
  ): Promise<BackupRecord> {
    return this.service.confirm(actorOf(context), id);
  }
}

/** `BackupPage` as the resolver answers it: the items get their remaining fields from `BackupFieldsResolver`. */
type BackupPageRecord = Omit<BackupPage, 'items'> & { items: BackupRecord[] };
