/** What REST takes in, and its way into the words of the services. The services check it all once more. */
import { z } from 'zod';
import { ARCHIVE_FORMATS, type ArchiveFormat } from '../shared/archive-format.js';
import { COMPONENTS, type Component, sortComponents } from '../shared/component.js';
import { InvalidInputError } from '../shared/errors.js';
import { backupStatus, backupType, component, restoreStatus } from './schemas.js';

/** `word` in the case of the services. */
export function upper<Word extends string>(word: Word): Uppercase<Word> {
  return word.toUpperCase() as Uppercase<Word>;
}

/** `word` in the case of REST. */
export function lowerCase<Word extends string>(word: Word): Lowercase<Word> {
  return word.toLowerCase() as Lowercase<Word>;
}

/** Body of `POST /api/backup/create`. */
export const createBackupBody = z
  .strictObject({
    type: backupType.default('full'),
    components: z.array(component).optional().describe('Required for partial; for full absent or all four.'),
    encrypt: z.boolean().default(true),
    compress: z.boolean().default(true),
    compressionLevel: z.int().min(1).max(19).optional().describe('zstd level.'),
    retentionDays: z.int().min(1).max(365).default(30),
    name: z.string().optional().describe('1 to 120 characters; default backup-YYYY-MM-DD-xxxxxx.'),
  })
  .meta({ id: 'CreateBackup' });

/** Body of `POST /api/restore/create`. */
export const createRestoreBody = z
  .strictObject({
    backupId: z.string().min(1),
    components: z.array(component).optional().describe('Absent: every component of the backup.'),
    paths: z.array(z.string()).optional().describe('Only these files and folders, as the backup names them.'),
    overwrite: z
      .boolean()
      .default(false)
      .describe('false: existing files stay, and a database that holds tables is a conflict.'),
    validateOnly: z.boolean().default(false).describe('true: read and check everything, write nothing.'),
    restorePoint: z.boolean().default(true).describe('false: overwrites without backing up first.'),
    targetPath: z
      .string()
      .optional()
      .describe("Restores beside the live data, into this folder below the server's restore folder."),
  })
  .meta({ id: 'CreateRestore' });

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, 'expected a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max));
const flag = z
  .enum(['true', 'false'])
  .transform((word) => word === 'true')
  .pipe(z.boolean());
const instant = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .pipe(z.date().meta({ type: 'string', format: 'date-time' }))
  .describe('RFC 3339.');
/** Several words, separated by commas. */
const words = <Word extends string>(word: z.ZodType<Word, string>) =>
  z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(word))
    .meta({ explode: false });
const paging = {
  page: wholeNumber(1, 2 ** 31 - 1)
    .default(1)
    .describe('Number of the page, from 1.'),
  limit: wholeNumber(1, 100).default(10).describe('Most items on a page, 1 to 100.'),
};
const created = {
  createdAfter: instant.optional().describe('Only those created at or after this instant, RFC 3339.'),
  createdBefore: instant.optional().describe('Only those created at or before this instant, RFC 3339.'),
};

/** Query of `GET /api/backup/list`. */
export const listBackupsQuery = z.strictObject({
  ...paging,
  status: words(backupStatus).optional().describe('One or more, separated by commas.'),
  type: backupType.optional(),
  component: component.optional().describe('Only those that hold it.'),
  search: z.string().optional().describe('Part of the name, in any case.'),
  pinned: flag.optional(),
  ...created,
  sort: z.enum(['createdAt', 'name', 'size', 'expiresAt']).default('createdAt'),
  order: z.enum(['asc', 'desc']).default('desc'),
});

/** Query of `GET /api/restore/list`. */
export const listRestoresQuery = z.strictObject({
  ...paging,
  status: words(restoreStatus).optional().describe('One or more, separated by commas.'),
  backupId: z.string().optional(),
  ...created,
});

const format = z.enum(ARCHIVE_FORMATS.map((word) => word.toLowerCase()) as [Lowercase<ArchiveFormat>]);

/** Query of `GET /api/backup/{id}/download`; the last three are those of a signed link. */
export const downloadQuery = z.strictObject({
  format: format.default('tar_zst' as Lowercase<ArchiveFormat>).describe('Format of the archive.'),
  components: words(component).optional().describe('One or more, separated by commas. Absent: all.'),
  paths: z
    .union([z.string().transform((path) => [path]), z.array(z.string())])
    .pipe(z.array(z.string()))
    .optional()
    .describe('A file or folder as the backup names it; may be given several times.'),
  subject: z.string().min(1).max(1_000).optional().describe('Of a signed link: who asked for it.'),
  expires: wholeNumber(0, 2 ** 32)
    .optional()
    .describe('Of a signed link: when it ends, seconds since 1970.'),
  signature: z.string().max(100).optional().describe('Of a signed link.'),
});

/** Components in the words of the services, in order; null when absent. */
export function toComponents(given: readonly Lowercase<Component>[] | undefined): Component[] | null {
  if (given === undefined) return null;
  const wanted = new Set<string>(given.map(upper));
  return given.length === 0 ? [] : sortComponents(COMPONENTS.filter((each) => wanted.has(each)));
}

/** @throws InvalidInputError listing everything that is wrong with `value` */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join('.')}: ${message}` : message,
  );
  throw new InvalidInputError(`The ${where} of the request is not right: ${problems.join('; ')}`, {
    details: { problems },
  });
}
