import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { AlertDelivery as AlertDeliveryRecord } from '../../services/alert-service.js';
import { AlertDeliveryStateEnum, AlertKindEnum } from '../enums.js';
import { Pagination } from '../operation/pagination.type.js';
import { DateTime } from '../scalars/date-time.js';

/** GraphQL `AlertDelivery`. */
@ObjectType({ description: 'Whether the webhook has been told of an alert.' })
export class AlertDelivery implements AlertDeliveryRecord {
  @Field(() => AlertDeliveryStateEnum, { description: 'Where the latest message about the alert stands.' })
  state!: AlertDeliveryRecord['state'];

  @Field(() => Int, { description: 'Attempts to deliver it that failed.' })
  attempts!: number;

  @Field(() => String, { nullable: true, description: 'Why the last attempt failed; null when none did.' })
  lastError!: string | null;
}

/** GraphQL `Alert`; its delivery is resolved when it is asked for. */
@ObjectType({ description: 'Something that an administrator must hear of.' })
export class Alert {
  @Field(() => ID, { description: 'Identifies the alert.' })
  id!: string;

  @Field(() => AlertKindEnum, { description: 'What has happened.' })
  kind!: string;

  @Field(() => String, {
    description:
      'What it is about: a component, several with + between them, or the id of a backup or a schedule.',
  })
  subject!: string;

  @Field(() => String, { description: 'What happened last, and what to do.' })
  message!: string;

  @Field(() => Int, { description: 'How often it was found since it was raised.' })
  count!: number;

  @Field(() => DateTime, { description: 'When it was found first.' })
  raisedAt!: Date;

  @Field(() => DateTime, { description: 'When it was found last.' })
  lastRaisedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it was over; null while it lasts.' })
  resolvedAt!: Date | null;
}

/** GraphQL `AlertPage`. */
@ObjectType({ description: 'One page of alerts.' })
export class AlertPage {
  @Field(() => [Alert], { description: 'The alerts on this page, newest first.' })
  items!: Alert[];

  @Field(() => Pagination, { description: 'Which page this is, and of how many.' })
  pagination!: Pagination;
}
