/** The routes about restores, over the same services as GraphQL. */
import type { z } from 'zod';
import type { ProgressService } from '../services/progress-service.js';
import type { RestoreService } from '../services/restore-service.js';
import { isRestoreEnded, type RestoreRecord } from '../shared/operation.js';
import { toPagination } from '../shared/paging.js';
import { FailedOperation } from './failed-operation.js';
import { createRestoreBody, listRestoresQuery, toComponents, upper } from './inputs.js';
import type { RestAnswer, RestCall, RestRoute } from './route.js';
import { restoreAnswer, restoreList } from './schemas.js';
import { toRestoreView } from './views.js';

/** What the routes about restores work with. */
export interface RestoreRoutesDeps {
  restores: Pick<RestoreService, 'create' | 'get' | 'list' | 'cancel'>;
  progress: Pick<ProgressService, 'restoreProgress'>;
}

/** Every route below `/api/restore`. */
export function createRestoreRoutes(deps: RestoreRoutesDeps): RestRoute[] {
  return [
    {
      method: 'POST',
      path: '/api/restore/create',
      operationId: 'createRestore',
      summary: 'Restores a backup, and answers when all of it is validated and restoring has begun',
      description:
        'With `validateOnly` the answer comes when everything was checked; with `Prefer: respond-async` at once (202). A client that leaves meanwhile does not end the restore.',
      tag: 'restores',
      query: null,
      body: createRestoreBody,
      takesPreferences: true,
      responses: {
        200: {
          description: 'It has ended: the backup is valid, or restored already.',
          schema: restoreAnswer,
        },
        201: { description: 'Every byte was validated, and restoring has begun.', schema: restoreAnswer },
        202: {
          description: 'The restore waits for its turn; `Location` says where to ask for it.',
          schema: restoreAnswer,
        },
      },
      serve: { kind: 'json', handle: (call) => createRestore(deps, call) },
    },
    {
      method: 'GET',
      path: '/api/restore/list',
      operationId: 'listRestores',
      summary: 'Lists restores, newest first',
      tag: 'restores',
      query: listRestoresQuery,
      body: null,
      responses: { 200: { description: 'One page.', schema: restoreList } },
      serve: { kind: 'json', handle: (call) => listRestores(deps, call) },
    },
    {
      method: 'GET',
      path: '/api/restore/{id}',
      operationId: 'getRestore',
      summary: 'One restore',
      tag: 'restores',
      query: null,
      body: null,
      responses: { 200: { description: 'The restore.', schema: restoreAnswer } },
      serve: {
        kind: 'json',
        handle: async ({ id }) => answerRestore(200, 'Restore found', await deps.restores.get(id)),
      },
    },
    {
      method: 'POST',
      path: '/api/restore/{id}/cancel',
      operationId: 'cancelRestore',
      summary: 'Cancels a restore, and answers when live data is what it was',
      tag: 'restores',
      query: null,
      body: null,
      responses: { 200: { description: 'It is cancelled or rolled back.', schema: restoreAnswer } },
      serve: {
        kind: 'json',
        handle: async ({ actor, id }) =>
          answerRestore(200, 'Restore cancelled', await deps.restores.cancel(actor, id)),
      },
    },
  ];
}

async function createRestore({ restores, progress }: RestoreRoutesDeps, call: RestCall): Promise<RestAnswer> {
  const body = call.body as z.output<typeof createRestoreBody>;
  const queued = await restores.create(call.actor, {
    ...body,
    components: toComponents(body.components),
    idempotencyKey: call.idempotencyKey,
  });
  if (call.prefersAsync) return answerRestore(202, 'Restore queued', queued);
  for await (const { status } of await progress.restoreProgress(queued.id, null, call.signal)) {
    if (status === 'RESTORING') break;
  }
  const restore = await restores.get(queued.id);
  if (restore.status === 'RESTORING') return answerRestore(201, 'Restore process started', restore);
  if (restore.status === 'COMPLETED')
    return answerRestore(200, restore.validateOnly ? 'Backup is valid' : 'Restore completed', restore);
  if (call.signal.aborted && !isRestoreEnded(restore.status))
    return answerRestore(202, 'Restore queued', restore);
  throw new FailedOperation({ kind: 'restore', record: restore });
}

async function listRestores({ restores }: RestoreRoutesDeps, call: RestCall): Promise<RestAnswer> {
  const { page, limit, status, ...rest } = call.query as z.output<typeof listRestoresQuery>;
  const filter = { ...rest, status: status?.map(upper) ?? null };
  const { items, total, summary } = await restores.list({ page, limit }, filter);
  const body = {
    success: true,
    restores: items.map(toRestoreView),
    pagination: toPagination({ page, limit }, total),
    summary,
  } satisfies z.output<typeof restoreList>;
  return { status: 200, body };
}

function answerRestore(status: number, message: string, record: RestoreRecord): RestAnswer {
  return {
    status,
    body: { success: true, message, restore: toRestoreView(record) } satisfies z.output<typeof restoreAnswer>,
    ...(status !== 200 && { headers: { Location: `/api/restore/${record.id}` } }),
  };
}
