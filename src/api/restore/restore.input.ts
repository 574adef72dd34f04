import { Field, ID, InputType } from 'type-graphql';
import type { CreateRestore, RestoreFilter as RestoreFilterRequest } from '../../services/restore-service.js';
import type { Component } from '../../shared/component.js';
import type { RestoreStatus } from '../../shared/operation.js';
import { ComponentEnum, RestoreStatusEnum } from '../enums.js';
import { DateTime } from '../scalars/date-time.js';

/** GraphQL `RestoreFilter`. */
@InputType({ description: 'Which restores to list: those that meet every condition given.' })
export class RestoreFilter implements RestoreFilterRequest {
  @Field(() => [RestoreStatusEnum], { nullable: true, description: 'Only restores in one of these states.' })
  status?: RestoreStatus[] | null;

  @Field(() => ID, { nullable: true, description: 'Only restores from this backup.' })
  backupId?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Only restores asked for at this instant or later.' })
  createdAfter?: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Only restores asked for at this instant or earlier.',
  })
  createdBefore?: Date | null;
}

/** GraphQL `CreateRestoreInput`. */
@InputType({ description: 'What to restore, and where to.' })
export class CreateRestoreInput implements CreateRestore {
  @Field(() => ID, { description: 'The backup to restore from; it must be COMPLETED.' })
  backupId!: string;

  @Field(() => [ComponentEnum], { nullable: true, description: 'Absent: every component of the backup.' })
  components?: Component[] | null;

  @Field(() => [String], {
    nullable: true,
    description:
      'Only these files and folders, 1 to 100, each as the backup names it below a component, such as files/receipts/2025 or files/receipts/2025/1.txt; a folder with everything in it. Bytes that are not UTF-8 text, control characters, quotation marks and backslashes are written \\xHH. Several components: each is searched. Not for DATABASE, which is restored whole. A path that the backup does not hold ends the restore with BAD_USER_INPUT before anything changes. Absent: everything.',
  })
  paths?: string[] | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      'false: existing files stay as they are and are counted as skipped; a database that already holds tables is a CONFLICT, found before anything changes.',
  })
  overwrite!: boolean;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'true: read and check everything, write nothing.',
  })
  validateOnly!: boolean;

  @Field(() => Boolean, {
    defaultValue: true,
    description:
      'true: what a restore in the live place overwrites is backed up first, into a backup with trigger PRE_RESTORE that is kept for 30 days. false: for live data that cannot be read any more.',
  })
  restorePoint!: boolean;

  @Field(() => String, {
    nullable: true,
    description:
      "Restores beside the live data, into this folder below the server's restore folder, which must be empty or absent.",
  })
  targetPath?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "A second request with the same key returns the first one's restore.",
  })
  idempotencyKey?: string | null;
}
