import { Field, Float, ObjectType } from 'type-graphql';
import type { StorageStatus as StorageStatusRecord } from '../../services/storage-service.js';
import { ByteCount } from '../scalars/byte-count.js';

/** GraphQL `StorageStatus`. */
@ObjectType({ description: 'How full the storage of backups is; figures are at most 10 seconds old.' })
export class StorageStatus implements StorageStatusRecord {
  @Field(() => String, { description: 'Kind and place, without secrets.' })
  location!: string;

  @Field(() => ByteCount, { description: 'Bytes that the repository takes.' })
  usedBytes!: number;

  @Field(() => ByteCount, {
    nullable: true,
    description: 'Free bytes where the storage can tell; null for object stores.',
  })
  freeBytes!: number | null;

  @Field(() => ByteCount, { description: 'Bytes of the till that all completed backups hold.' })
  sizeBytes!: number;

  @Field(() => Float, {
    description: 'sizeBytes / usedBytes over all completed backups; 1 while there is none.',
  })
  reductionRatio!: number;
}
