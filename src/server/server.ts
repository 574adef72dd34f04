/**
 * The network side of Tillvault: GraphQL over HTTP and WebSocket on `/graphql`, REST and downloads below `/api/`, and
 * what monitoring asks.
 * Knows transports, not what operations do.
 */
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import type { Logger } from 'pino';
import type { Api } from '../api/schema.js';
import type { RestApi } from '../rest/rest-api.js';
import { KiB } from '../shared/bytes.js';
import type { Clock } from '../shared/clock.js';
import { NotFoundError } from '../shared/errors.js';
import type { Random } from '../shared/random.js';
import { answerError, answerErrors } from './answer-errors.js';
import type { TokenVerifier } from './auth/token-verifier.js';
import { createApolloServer, graphqlHttp } from './graphql-http.js';
import { type GraphqlWebSocketOptions, serveGraphqlWebSocket } from './graphql-websocket.js';
import { closeHttp, listen } from './listen.js';
import { type Monitoring, monitoringRoutes } from './monitoring-routes.js';
import { requestLog } from './request-log.js';
import { restHttp } from './rest/rest-http.js';
import { STALL_LIMIT_MS } from './rest/stalled-clients.js';
import { securityHeaders } from './security-headers.js';

const SECOND = 1_000;

/** What the server works with. */
export interface ServerDeps {
  api: Api;
  /** Absent: only GraphQL is served. */
  rest?: RestApi;
  verifier: TokenVerifier;
  logger: Logger;
  clock: Clock;
  random: Pick<Random, 'uuid'>;
  monitoring: Monitoring;
}

/** Where and how the server listens. */
export interface ServerOptions {
  host: string;
  /** 0 for any free port. */
  port: number;
  /** Hides the schema and the landing page from strangers. */
  production: boolean;
  /** Time that open connections are given in `close()`; default 5 s. */
  closeGraceMs?: number;
  /** A client of a download that takes no byte for this long is dropped; default 60 s. */
  stallLimitMs?: number;
  /** Differences from DEFAULT_WEBSOCKET_OPTIONS. */
  webSocket?: Partial<GraphqlWebSocketOptions>;
}

/** Where the server listens. */
export interface Listening {
  /** Address of GraphQL over HTTP, such as `http://127.0.0.1:4000/graphql`. */
  url: string;
  /** Address of GraphQL over WebSocket. */
  webSocketUrl: string;
  port: number;
}

/** A server that can be started once and closed once. */
export interface Server {
  /** @throws ConflictError when the address is taken or not allowed */
  listen(): Promise<Listening>;
  /** Refuses new work: `/healthz` and new operations answer 503; subscriptions go on. */
  drain(): void;
  /** What is open over WebSocket now. */
  readonly connections: { webSockets: number; subscriptions: number };
  /** Drains, closes every connection and stops listening. May be called twice. */
  close(): Promise<void>;
}

/** Largest request body and WebSocket message. */
const MAX_BODY_BYTES = 100 * KiB;

/** What one server takes on over WebSocket unless told otherwise. */
export const DEFAULT_WEBSOCKET_OPTIONS: Readonly<GraphqlWebSocketOptions> = {
  maxConnections: 1_200,
  maxOperations: 1_000,
  maxAllOperations: 4_000,
  maxMessageBytes: MAX_BODY_BYTES,
  initTimeoutMs: 5 * SECOND,
  strangerTimeoutMs: 10 * SECOND,
  pingIntervalMs: 15 * SECOND,
};

/** Makes a server that does not listen yet. */
export function createServer(deps: ServerDeps, options: ServerOptions): Server {
  let draining = false;
  let started = false;
  let closing: Promise<void> | undefined;
  const withState = { ...deps, isDraining: () => draining };
  const apollo = createApolloServer(deps, options);
  const app = createApp(deps);
  const http = createLimitedHttpServer(app);
  const webSocket = serveGraphqlWebSocket(http, withState, {
    ...DEFAULT_WEBSOCKET_OPTIONS,
    ...options.webSocket,
  });
  const graceMs = options.closeGraceMs ?? 5 * SECOND;

  const close = async () => {
    draining = true;
    await webSocket.close(graceMs);
    if (started) await apollo.stop();
    await closeHttp(http, graceMs);
  };
  return {
    async listen() {
      await apollo.start();
      started = true;
      app.use(monitoringRoutes({ ...withState, ...deps.monitoring }));
      app.use(
        graphqlHttp(apollo, withState, { production: options.production, maxBodyBytes: MAX_BODY_BYTES }),
      );
      if (deps.rest) {
        const limits = { maxBodyBytes: MAX_BODY_BYTES, stallLimitMs: options.stallLimitMs ?? STALL_LIMIT_MS };
        app.use(restHttp({ ...withState, rest: deps.rest }, limits));
      }
      app.use((request, response) => {
        answerError(deps.api, response, {
          error: new NotFoundError(`There is nothing at "${request.path}"`),
        });
      });
      app.use(answerErrors(deps.api));
      await listen(http, options, 'PORT or HOST');
      return describeAddress(http, options.host);
    },
    drain() {
      draining = true;
    },
    get connections() {
      return webSocket.open;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function createApp(deps: ServerDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(requestLog(deps), securityHeaders());
  return app;
}

/** Time limits are for sending a request, not for answering it, so a slow operation is not cut. */
function createLimitedHttpServer(app: Express): HttpServer {
  const http = createHttpServer(
    { headersTimeout: 10 * SECOND, requestTimeout: 30 * SECOND, keepAliveTimeout: 5 * SECOND },
    app,
  );
  http.maxConnections = 2_000;
  return http;
}

function describeAddress(http: HttpServer, host: string): Listening {
  const { port } = http.address() as AddressInfo;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { url: `http://${authority}/graphql`, webSocketUrl: `ws://${authority}/graphql`, port };
}
