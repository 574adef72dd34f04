import { Field, InputType, Int } from 'type-graphql';
import type {
  BackupFilter as BackupFilterRequest,
  BackupSort as BackupSortRequest,
  CreateBackup,
} from '../../services/backup-service.js';
import type { Component } from '../../shared/component.js';
import type { BackupStatus, BackupType } from '../../shared/operation.js';
import {
  BackupSortFieldEnum,
  BackupStatusEnum,
  BackupTypeEnum,
  ComponentEnum,
  SortDirectionEnum,
} from '../enums.js';
import { DateTime } from '../scalars/date-time.js';

/** GraphQL `BackupFilter`. */
@InputType({ description: 'Which backups to list: those that meet every condition given.' })
export class BackupFilter implements BackupFilterRequest {
  @Field(() => [BackupStatusEnum], { nullable: true, description: 'Only backups in one of these states.' })
  status?: BackupStatus[] | null;

  @Field(() => BackupTypeEnum, { nullable: true, description: 'Only backups of this type.' })
  type?: BackupType | null;

  @Field(() => ComponentEnum, { nullable: true, description: 'Only backups of this component.' })
  component?: Component | null;

  @Field(() => DateTime, { nullable: true, description: 'Only backups asked for at this instant or later.' })
  createdAfter?: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Only backups asked for at this instant or earlier.',
  })
  createdBefore?: Date | null;

  @Field(() => String, { nullable: true, description: 'Case-insensitive part of the name.' })
  search?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Only pinned backups (true) or only others (false).' })
  pinned?: boolean | null;
}

/** GraphQL `BackupSort`. */
@InputType({ description: 'Order of a list of backups.' })
export class BackupSort implements BackupSortRequest {
  @Field(() => BackupSortFieldEnum, { defaultValue: 'CREATED_AT', description: 'What to sort by.' })
  field!: BackupSortRequest['field'];

  @Field(() => SortDirectionEnum, { defaultValue: 'DESC', description: 'Which end comes first.' })
  direction!: BackupSortRequest['direction'];
}

/** GraphQL `CreateBackupInput`. */
@InputType({ description: 'What to back up, and how.' })
export class CreateBackupInput implements CreateBackup {
  @Field(() => BackupTypeEnum, { defaultValue: 'FULL', description: 'How much of the till to back up.' })
  type!: BackupType;

  @Field(() => [ComponentEnum], {
    nullable: true,
    description: 'Required for PARTIAL; for FULL absent or all four.',
  })
  components?: Component[] | null;

  @Field(() => Boolean, { defaultValue: true, description: 'Whether to encrypt with AES-256-GCM.' })
  encrypt!: boolean;

  @Field(() => Boolean, { defaultValue: true, description: 'Whether to compress with zstd.' })
  compress!: boolean;

  @Field(() => Int, { nullable: true, description: 'zstd level, 1 to 19; default set by the server.' })
  compressionLevel?: number | null;

  @Field(() => Int, { defaultValue: 30, description: 'Days to keep it, 1 to 365.' })
  retentionDays!: number;

  @Field(() => String, {
    nullable: true,
    description: '1 to 120 characters; default backup-YYYY-MM-DD-xxxxxx.',
  })
  name?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "A second request with the same key returns the first one's backup.",
  })
  idempotencyKey?: string | null;
}
