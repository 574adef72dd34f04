import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Clock } from '../shared/clock.js';
import { withLogContext } from '../shared/log-context.js';
import type { Random } from '../shared/random.js';

/**
 * Gives every request an id (`response.locals.requestId`, header `X-Request-Id`): the one that the client has sent in
 * that header, when it is one, else a new one. Writes one line when its answer has ended, and lets every other line
 * that is written for the request carry the id. Headers, query strings and bodies are never written, so no token can be.
 */
export function requestLog(deps: {
  logger: Logger;
  clock: Clock;
  random: Pick<Random, 'uuid'>;
}): RequestHandler {
  return (request, response, next) => {
    const startedMs = deps.clock.monotonicMs();
    const given = request.headers['x-request-id'];
    const requestId = isUsableId(given) ? given : deps.random.uuid();
    response.locals.requestId = requestId;
    response.set('X-Request-Id', requestId);
    const entry = {
      requestId,
      method: request.method,
      path: request.path,
      remoteAddress: request.ip ?? null,
    };
    response.once('close', () => {
      const durationMs = Math.round(deps.clock.monotonicMs() - startedMs);
      deps.logger.info(
        { ...entry, status: response.statusCode, durationMs, finished: response.writableFinished },
        'Request',
      );
    });
    withLogContext({ requestId }, next);
  };
}

/** What a client calls its request, as far as it can stand in a log and in a header. */
function isUsableId(given: unknown): given is string {
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given);
}
