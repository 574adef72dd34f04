import { Field, ObjectType } from 'type-graphql';
import { Backup } from '../backup/backup.type.js';
import { ByteCount } from '../scalars/byte-count.js';

/** GraphQL `KeptBackup`. */
@ObjectType({ description: 'A backup that a clean-up leaves, and why.' })
export class KeptBackup {
  @Field(() => Backup, { description: 'The backup.' })
  backup!: Backup;

  @Field(() => [String], {
    description:
      'Everything that keeps it, such as "not expired until 2026-12-01T00:00:00Z", "keep-daily 2026-11-22", "pinned" or "newest completed of DATABASE".',
  })
  reasons!: string[];
}

/** GraphQL `CleanupReport`. */
@ObjectType({
  description:
    'What a clean-up would do or has done: expired backups removed, then unreferenced data reclaimed.',
})
export class CleanupReport {
  @Field(() => Boolean, { description: 'True when nothing was changed.' })
  dryRun!: boolean;

  @Field(() => [Backup], { description: 'Backups that go or went, newest first.' })
  expiredBackups!: Backup[];

  @Field(() => [KeptBackup], { description: 'Backups that stay, newest first.' })
  kept!: KeptBackup[];

  @Field(() => ByteCount, { description: 'Bytes of the storage that become or became free.' })
  reclaimedBytes!: number;

  @Field(() => String, {
    nullable: true,
    description:
      'Why nothing is deleted at present: a backup is suspicious and not confirmed. Null otherwise.',
  })
  suspended!: string | null;
}
