/** What monitoring asks over HTTP: whether the server lives, whether it is ready, and its metrics. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type RequestHandler, Router } from 'express';
import type { Api } from '../api/schema.js';
import { answerError } from './answer-errors.js';
import { identifyCaller } from './auth/identify-caller.js';
import type { TokenVerifier } from './auth/token-verifier.js';

/** What is told, and to whom. */
export interface Monitoring {
  /** True when the server can do what it is asked. Never rejects. */
  isReady(): Promise<boolean>;
  renderMetrics(): Promise<{ contentType: string; body: string }>;
  /** What a scraper may show instead of an administrator's token; null: nothing. */
  metricsToken: string | null;
}

/** What the routes work with. */
export interface MonitoringRoutesDeps extends Monitoring {
  api: Api;
  verifier: TokenVerifier;
  /** True once new work is refused. */
  isDraining(): boolean;
}

/** `/healthz` and `/readyz` for everybody, saying nothing but up or down; `/metrics` with a token. */
export function monitoringRoutes(deps: MonitoringRoutesDeps): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    const isUp = !deps.isDraining();
    response.status(isUp ? 200 : 503).json({ status: isUp ? 'up' : 'down' });
  });
  router.get('/readyz', async (_request, response) => {
    const isUp = !deps.isDraining() && (await deps.isReady());
    response.status(isUp ? 200 : 503).json({ status: isUp ? 'up' : 'down' });
  });
  router.get('/metrics', onlyScrapers(deps), serveMetrics(deps));
  return router;
}

/** Answers the metrics. */
export function serveMetrics({ renderMetrics }: Pick<Monitoring, 'renderMetrics'>): RequestHandler {
  return async (_request, response) => {
    const { contentType, body } = await renderMetrics();
    response.set('Content-Type', contentType).send(body);
  };
}

function onlyScrapers({ api, verifier, metricsToken }: MonitoringRoutesDeps): RequestHandler {
  return async (request, response, next) => {
    const { authorization } = request.headers;
    if (metricsToken !== null && showsToken(authorization, metricsToken)) return next();
    const remoteAddress = request.socket.remoteAddress ?? null;
    const caller = await identifyCaller(verifier, authorization, remoteAddress);
    const requestId = String(response.locals.requestId);
    const refusal = await api.authorize(api.createContext({ requestId, remoteAddress, caller }), 'metrics');
    if (refusal) return answerError(api, response, { error: refusal });
    next();
  };
}

/** Takes as long for a token that is nearly right as for any other. */
function showsToken(authorization: string | undefined, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return given !== undefined && timingSafeEqual(digest(given), digest(expected));
}
