import { Field, Float, ObjectType } from 'type-graphql';
import type {
  HealthCheck as HealthCheckRecord,
  Health as HealthRecord,
} from '../../services/health-service.js';
import { HealthStatusEnum } from '../enums.js';

/** GraphQL `HealthCheck`. */
@ObjectType({ description: 'How well one part of the server is.' })
export class HealthCheck implements HealthCheckRecord {
  @Field(() => String, { description: 'The part, such as storage or backup.database.' })
  name!: string;

  @Field(() => HealthStatusEnum, { description: 'How well it is.' })
  status!: HealthCheckRecord['status'];

  @Field(() => String, { nullable: true, description: 'What was found, in a sentence.' })
  message!: string | null;
}

/** GraphQL `Health`. */
@ObjectType({ description: 'How well the server is.' })
export class Health implements HealthRecord {
  @Field(() => HealthStatusEnum, { description: 'That of the part that is worst.' })
  status!: HealthRecord['status'];

  @Field(() => String, { description: 'Version of the server.' })
  version!: string;

  @Field(() => Float, { description: 'Seconds since the server started.' })
  uptimeSeconds!: number;

  @Field(() => [HealthCheck], { description: 'Every part that was looked at.' })
  checks!: HealthCheck[];
}
