/** The routes about backups, over the same services as GraphQL. */
import type { z } from 'zod';
import type { BackupService } from '../services/backup-service.js';
import type { ProgressService } from '../services/progress-service.js';
import { ARCHIVE_FORMAT_DESCRIPTIONS } from '../shared/archive-format.js';
import { type BackupRecord, isBackupEnded } from '../shared/operation.js';
import { toPagination } from '../shared/paging.js';
import { FailedOperation } from './failed-operation.js';
import { createBackupBody, downloadQuery, listBackupsQuery, toComponents, upper } from './inputs.js';
import type { RestAnswer, RestCall, RestRoute } from './route.js';
import { backupAnswer, backupList, deletedAnswer } from './schemas.js';
import { toBackupView } from './views.js';

/** What the routes about backups work with. */
export interface BackupRoutesDeps {
  backups: Pick<BackupService, 'create' | 'get' | 'list' | 'delete' | 'cancel'>;
  progress: Pick<ProgressService, 'backupProgress'>;
}

const SORT_FIELDS = {
  createdAt: 'CREATED_AT',
  name: 'NAME',
  size: 'SIZE_BYTES',
  expiresAt: 'EXPIRES_AT',
} as const;

/** Every route below `/api/backup`. */
export function createBackupRoutes(deps: BackupRoutesDeps): RestRoute[] {
  return [
    {
      method: 'POST',
      path: '/api/backup/create',
      operationId: 'createBackup',
      summary: 'Takes a backup and answers when it has ended',
      description:
        'With `Prefer: respond-async` the answer comes at once (202). A client that leaves meanwhile does not end the backup.',
      tag: 'backups',
      query: null,
      body: createBackupBody,
      takesPreferences: true,
      responses: {
        201: { description: 'The backup is completed.', schema: backupAnswer },
        202: {
          description: 'The backup waits for its turn; `Location` says where to ask for it.',
          schema: backupAnswer,
        },
      },
      serve: { kind: 'json', handle: (call) => createBackup(deps, call) },
    },
    {
      method: 'GET',
      path: '/api/backup/list',
      operationId: 'listBackups',
      summary: 'Lists backups',
      tag: 'backups',
      query: listBackupsQuery,
      body: null,
      responses: { 200: { description: 'One page.', schema: backupList } },
      serve: { kind: 'json', handle: (call) => listBackups(deps, call) },
    },
    {
      method: 'GET',
      path: '/api/backup/{id}',
      operationId: 'getBackup',
      summary: 'One backup',
      tag: 'backups',
      query: null,
      body: null,
      responses: { 200: { description: 'The backup.', schema: backupAnswer } },
      serve: {
        kind: 'json',
        handle: async ({ id }) => answerBackup(200, 'Backup found', await deps.backups.get(id)),
      },
    },
    {
      method: 'DELETE',
      path: '/api/backup/{id}',
      operationId: 'deleteBackup',
      summary: 'Deletes a backup',
      description: 'A conflict (409) while it runs, is restored from or downloaded, or is pinned.',
      tag: 'backups',
      query: null,
      body: null,
      responses: { 200: { description: 'It is deleted.', schema: deletedAnswer } },
      serve: { kind: 'json', handle: (call) => deleteBackup(deps, call) },
    },
    {
      method: 'POST',
      path: '/api/backup/{id}/cancel',
      operationId: 'cancelBackup',
      summary: 'Cancels a backup that waits or runs, and answers when it has ended',
      tag: 'backups',
      query: null,
      body: null,
      responses: { 200: { description: 'It is cancelled.', schema: backupAnswer } },
      serve: {
        kind: 'json',
        handle: async ({ actor, id }) =>
          answerBackup(200, 'Backup cancelled', await deps.backups.cancel(actor, id)),
      },
    },
    {
      method: 'GET',
      path: '/api/backup/{id}/download',
      operationId: 'downloadBackup',
      summary: 'Downloads a backup, or a part of it, as an archive',
      description:
        'Let in by a token, or by a link that GraphQL gave as `downloadUrl`. An archive that is cut short shows it: the transfer does not end as it should.',
      tag: 'backups',
      query: downloadQuery,
      body: null,
      responses: {
        200: {
          description: 'The archive, streamed.',
          schema: null,
          mediaTypes: Object.values(ARCHIVE_FORMAT_DESCRIPTIONS).map(({ mediaType }) => mediaType),
        },
      },
      serve: { kind: 'download' },
    },
  ];
}

async function createBackup({ backups, progress }: BackupRoutesDeps, call: RestCall): Promise<RestAnswer> {
  const body = call.body as z.output<typeof createBackupBody>;
  const queued = await backups.create(call.actor, {
    ...body,
    type: upper(body.type),
    components: toComponents(body.components),
    idempotencyKey: call.idempotencyKey,
  });
  if (call.prefersAsync) return answerBackup(202, 'Backup started', queued);
  for await (const _ of await progress.backupProgress(queued.id, null, call.signal));
  const ended = await backups.get(queued.id);
  if (ended.status === 'COMPLETED') return answerBackup(201, 'Backup created successfully', ended);
  if (call.signal.aborted && !isBackupEnded(ended.status)) return answerBackup(202, 'Backup started', ended);
  throw new FailedOperation({ kind: 'backup', record: ended });
}

async function listBackups({ backups }: BackupRoutesDeps, call: RestCall): Promise<RestAnswer> {
  const { page, limit, sort, order, status, type, component, ...rest } = call.query as z.output<
    typeof listBackupsQuery
  >;
  const filter = {
    ...rest,
    status: status?.map(upper) ?? null,
    type: type ? upper(type) : null,
    component: component ? upper(component) : null,
  };
  const { items, total, summary } = await backups.list({ page, limit }, filter, {
    field: SORT_FIELDS[sort],
    direction: upper(order),
  });
  const { totalSizeBytes, totalStoredBytes, oldest, newest, ...counts } = summary;
  const body = {
    success: true,
    backups: items.map(toBackupView),
    pagination: toPagination({ page, limit }, total),
    summary: {
      ...counts,
      totalSize: totalSizeBytes,
      totalStoredSize: totalStoredBytes,
      oldest: oldest?.toISOString() ?? null,
      newest: newest?.toISOString() ?? null,
    },
  } satisfies z.output<typeof backupList>;
  return { status: 200, body };
}

async function deleteBackup({ backups }: BackupRoutesDeps, { actor, id }: RestCall): Promise<RestAnswer> {
  await backups.delete(actor, id);
  return {
    status: 200,
    body: { success: true, message: 'Backup deleted', deletedId: id } satisfies z.output<
      typeof deletedAnswer
    >,
  };
}

function answerBackup(status: number, message: string, record: BackupRecord): RestAnswer {
  return {
    status,
    body: { success: true, message, backup: toBackupView(record) } satisfies z.output<typeof backupAnswer>,
    ...(status !== 200 && { headers: { Location: `/api/backup/${record.id}` } }),
  };
}
