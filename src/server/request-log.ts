import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Clock } from '../shared/clock.js';
import type { Random } from '../shared/random.js';

/**
 * Gives every request an id (`response.locals.requestId`, header `X-Request-Id`) and writes one line when
 * its answer has ended. Headers, query strings and bodies are never written, so no token can be.
 */
export function requestLog(deps: {
  logger: Logger;
  clock: Clock;
  random: Pick<Random, 'uuid'>;
}): RequestHandler {
  return (request, response, next) => {
    const startedMs = deps.clock.monotonicMs();
    const requestId = deps.random.uuid();
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
    next();
  };
}
