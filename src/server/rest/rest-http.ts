/**
 * REST over HTTP: who is let in, what bodies are taken, and how errors are answered. What the routes do is decided in
 * `rest/`.
 */
import express, { type Request, type RequestHandler, type Response } from 'express';
import type { Logger } from 'pino';
import type { Caller } from '../../api/context.js';
import type { Api } from '../../api/schema.js';
import { FailedOperation } from '../../rest/failed-operation.js';
import { parseInput } from '../../rest/inputs.js';
import { parseDownloadQuery, type RestApi } from '../../rest/rest-api.js';
import type { DownloadQuery, RestAnswer, RestRoute } from '../../rest/route.js';
import { AppError, InvalidInputError, invariant, NotFoundError } from '../../shared/errors.js';
import type { Actor } from '../../shared/operation.js';
import { RequestProblem, toBodyProblem } from '../answer-errors.js';
import { identifyCaller } from '../auth/identify-caller.js';
import type { TokenVerifier } from '../auth/token-verifier.js';
import { shuttingDown } from '../graphql-http.js';
import { matchRoute } from './match-route.js';
import { readQuery } from './query.js';
import { describeDownload, sendDownload } from './send-download.js';

/** What REST over HTTP works with. */
export interface RestHttpDeps {
  api: Api;
  rest: RestApi;
  verifier: TokenVerifier;
  logger: Logger;
  isDraining(): boolean;
}

/** How REST over HTTP behaves. */
export interface RestHttpOptions {
  /** Largest request body, decompressed. */
  maxBodyBytes: number;
  stallLimitMs: number;
}

/** One request on its way. */
interface Exchange {
  request: Request;
  response: Response;
  route: RestRoute;
  id: string;
  /** Aborts when the client has left. */
  signal: AbortSignal;
}

/** Serves every path below `/api/`. */
export function restHttp(deps: RestHttpDeps, options: RestHttpOptions): RequestHandler {
  const parseBody = express.json({ limit: options.maxBodyBytes, strict: false });
  return async (request, response, next) => {
    if (!request.path.startsWith('/api/')) return next();
    try {
      await serve(deps, { request, response }, { ...options, parseBody });
    } catch (error) {
      if (response.headersSent || response.destroyed) {
        deps.logger.error(
          { err: error, requestId: response.locals.requestId },
          'An answer failed after it had begun',
        );
        response.destroy();
      } else answerProblem(deps, response, error);
    }
  };
}

async function serve(
  deps: RestHttpDeps,
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  options: RestHttpOptions & { parseBody: RequestHandler },
): Promise<void> {
  const found = matchRoute(deps.rest.routes, request.path);
  if (!found) throw new NotFoundError(`There is nothing at "${request.path}"`);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const route = found.routes.find((each) => each.method === method);
  if (!route) {
    const allowed = found.routes.flatMap((each) => (each.method === 'GET' ? ['GET', 'HEAD'] : each.method));
    response.set('Allow', allowed.join(', '));
    throw new RequestProblem(
      405,
      `"${request.path}" is served to ${allowed.join(', ')}, found ${request.method}`,
    );
  }
  if (deps.isDraining() && (route.method !== 'GET' || route.serve.kind === 'download')) throw shuttingDown();
  const left = new AbortController();
  response.once('close', () => left.abort(new AppError('CANCELLED', 'The client has left')));
  const exchange = { request, response, route, id: found.id, signal: left.signal };
  if (route.serve.kind === 'download') await serveDownload(deps, exchange, options);
  else await serveJson(deps, exchange, options);
}

async function serveJson(
  deps: RestHttpDeps,
  exchange: Exchange,
  { parseBody }: { parseBody: RequestHandler },
): Promise<void> {
  const { request, response, route, id, signal } = exchange;
  invariant(route.serve.kind === 'json', 'downloads are served apart');
  const isOpen = deps.rest.isDescriptionOpen && route.tag === 'description';
  const token = identifyCaller(deps.verifier, request.headers.authorization, remoteAddressOf(request));
  const actor = isOpen ? NOBODY : await admit(deps, exchange, await token);
  const body = route.body && parseInput(route.body, await readBody(exchange, parseBody), 'body');
  const query = route.query && parseInput(route.query, readQuery(request.originalUrl), 'query');
  const answer = await route.serve.handle({
    actor,
    id,
    query,
    body,
    prefersAsync: prefersAsync(request),
    idempotencyKey: request.get('Idempotency-Key') ?? null,
    signal,
  });
  if (!response.destroyed) send(response, request, answer);
}

/** For what everybody may see. */
const NOBODY: Actor = { subject: 'anonymous', role: 'CASHIER', remoteAddress: null };

function send(response: Response, request: Request, { status, body, headers = {} }: RestAnswer): void {
  if (status === 202 && prefersAsync(request)) response.set('Preference-Applied', 'respond-async');
  response.status(status).set(headers).json(body);
}

async function serveDownload(
  deps: RestHttpDeps,
  exchange: Exchange,
  options: RestHttpOptions,
): Promise<void> {
  const { request, response, id, signal } = exchange;
  const { rest, logger } = deps;
  const { link, ...wanted } = parseDownloadQuery(readQuery(request.originalUrl));
  const download = { ...wanted, backupId: id };
  const actor = await admit(deps, exchange, await identifyDownloader(deps, request, { download, link }));
  if (request.httpVersionMajor === 1 && request.httpVersionMinor === 0 && download.format === 'TAR') {
    throw new InvalidInputError(
      'A TAR over HTTP/1.0 could be cut short without a sign: use HTTP/1.1, or another format',
    );
  }
  if (request.method === 'HEAD') {
    describeDownload(response, await rest.downloads.describe(download));
    response.end();
    return;
  }
  const begun = await rest.downloads.begin(actor, download, { signal });
  await sendDownload(begun, exchange, { logger, stallLimitMs: options.stallLimitMs });
}

/** Who downloads: the one that the link was made for, or else the bearer of the token. */
async function identifyDownloader(
  { rest, verifier }: RestHttpDeps,
  request: Request,
  {
    download,
    link,
  }: { download: Omit<DownloadQuery, 'link'> & { backupId: string }; link: DownloadQuery['link'] },
): Promise<Caller> {
  const remoteAddress = remoteAddressOf(request);
  if (!link) return identifyCaller(verifier, request.headers.authorization, remoteAddress);
  try {
    const actor = rest.downloads.identify(download, link, remoteAddress);
    return { kind: 'known', actor, expiresAt: new Date(link.expires * 1_000) };
  } catch (error) {
    if (error instanceof AppError) return { kind: 'stranger', refusal: error };
    throw error;
  }
}

/** Lets administrators in; everybody else is refused, and the refusal written down. */
async function admit(
  { api }: RestHttpDeps,
  { request, response, route }: Exchange,
  caller: Caller,
): Promise<Actor> {
  const requestId = String(response.locals.requestId);
  const context = api.createContext({ requestId, remoteAddress: remoteAddressOf(request), caller });
  const refusal = await api.authorize(context, `${route.method} ${route.path}`);
  if (refusal) throw refusal;
  invariant(caller.kind === 'known', 'a stranger was let in');
  return caller.actor;
}

async function readBody({ request, response }: Exchange, parseBody: RequestHandler): Promise<unknown> {
  if (!request.is('application/json'))
    throw new RequestProblem(415, 'The Content-Type of the request must be application/json');
  await new Promise<void>((resolve, reject) => {
    parseBody(request, response, (error?: unknown) => (error ? reject(error) : resolve()));
  });
  return request.body;
}

function prefersAsync(request: Request): boolean {
  return (request.get('Prefer') ?? '')
    .split(/[,;]/)
    .some((word) => word.trim().toLowerCase() === 'respond-async');
}

function remoteAddressOf(request: Request): string | null {
  return request.socket.remoteAddress ?? null;
}

/** Answers `error` in the shape of REST. */
function answerProblem(
  { api, rest }: Pick<RestHttpDeps, 'api' | 'rest'>,
  response: Response,
  error: unknown,
): void {
  const problem = error instanceof AppError ? error : (toBodyProblem(error) ?? causeOf(error));
  const formatted = api.formatError(problem);
  const status = problem instanceof RequestProblem ? problem.status : api.statusOf([formatted]);
  if (status === 401) response.set('WWW-Authenticate', 'Bearer');
  const { retryAfterSeconds } = formatted.extensions.details;
  if (status === 503) response.set('Retry-After', String(retryAfterSeconds ?? 5));
  response.status(status).json(rest.toErrorBody(error, formatted, status));
}

/** The AppError that an operation ended with, or the error itself. */
function causeOf(error: unknown): unknown {
  return error instanceof FailedOperation ? error.cause : error;
}
