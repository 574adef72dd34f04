import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { AuditVerification as AuditVerificationRecord } from '../../services/audit-service.js';
import type { Role } from '../../shared/operation.js';
import { RoleEnum } from '../enums.js';
import { Pagination } from '../operation/pagination.type.js';
import { DateTime } from '../scalars/date-time.js';

/** GraphQL `AuditEntry`. */
@ObjectType({ description: 'One thing that somebody did, or was refused.' })
export class AuditEntry {
  @Field(() => ID, { description: 'Identifies the entry.' })
  id!: string;

  @Field(() => DateTime, { description: 'When it happened.' })
  at!: Date;

  @Field(() => String, {
    description: 'Subject of the token; "anonymous" without a valid one, "system" for the server itself.',
  })
  actor!: string;

  @Field(() => RoleEnum, { nullable: true, description: 'Role in the token; null where there was none.' })
  role!: Role | null;

  @Field(() => String, { description: 'Such as backup.create, restore.create, auth.denied.' })
  action!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'What it was about: the id of a backup or a restore, or the operation that was refused.',
  })
  target!: string | null;

  @Field(() => String, { description: 'How it ended: ok, or an error code.' })
  outcome!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Network address that it came from; null for the server itself.',
  })
  remoteAddress!: string | null;

  @Field(() => String, { nullable: true, description: 'What else there is to say.' })
  detail!: string | null;
}

/** GraphQL `AuditPage`. */
@ObjectType({ description: 'One page of the audit log.' })
export class AuditPage {
  @Field(() => [AuditEntry], { description: 'The entries on this page, newest first.' })
  items!: AuditEntry[];

  @Field(() => Pagination, { description: 'Which page this is, and of how many.' })
  pagination!: Pagination;
}

/** GraphQL `AuditVerification`. */
@ObjectType({
  description:
    'What a check of the whole audit log found. Every entry carries a keyed hash over the one before it, so that one that was changed, removed or added since is found.',
})
export class AuditVerification implements AuditVerificationRecord {
  @Field(() => Boolean, {
    description: 'True when every entry is the one that was written, and none is missing.',
  })
  ok!: boolean;

  @Field(() => Int, { description: 'Entries that were found good, up to the first that is not.' })
  checkedEntries!: number;

  @Field(() => Int, {
    nullable: true,
    description:
      'Place in the log of its oldest entry, counted from the first ever written; null when it is empty.',
  })
  firstSequence!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Place of the last entry that is good; null when none is.',
  })
  lastSequence!: number | null;

  @Field(() => ID, {
    nullable: true,
    description:
      'The first entry that is wrong, or that has others missing before it; null when all is well, or when the newest entries are missing.',
  })
  brokenId!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'What is wrong, in a sentence; null when all is well.',
  })
  reason!: string | null;
}
