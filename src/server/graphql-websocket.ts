/**
 * GraphQL over WebSocket: `/graphql` with the sub-protocol graphql-transport-ws, for subscriptions and for
 * queries and mutations too.
 *
 * A connection without a valid token is accepted, so that its operations are answered with the same errors
 * as over HTTP, and closed soon after. A connection with one is closed when the token runs out.
 */
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, type Context, type Server as GraphqlServer, makeServer } from 'graphql-ws';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ApiContext, Caller } from '../api/context.js';
import type { Api } from '../api/schema.js';
import type { Clock } from '../shared/clock.js';
import { AppError, ConflictError, invariant } from '../shared/errors.js';
import { withLogContext } from '../shared/log-context.js';
import type { Random } from '../shared/random.js';
import { identifyCaller } from './auth/identify-caller.js';
import type { TokenVerifier } from './auth/token-verifier.js';
import { shuttingDown } from './graphql-http.js';
import { closeAt, keepAlive } from './websocket-deadlines.js';

/** What the WebSocket transport works with. */
export interface GraphqlWebSocketDeps {
  api: Api;
  verifier: TokenVerifier;
  logger: Logger;
  clock: Clock;
  random: Pick<Random, 'uuid'>;
  /** True once new work is refused. */
  isDraining(): boolean;
}

/** How much the WebSocket transport takes on. */
export interface GraphqlWebSocketOptions {
  maxConnections: number;
  /** Operations in progress on one connection. */
  maxOperations: number;
  /** Operations in progress on all connections together. */
  maxAllOperations: number;
  /** Largest message from a client. */
  maxMessageBytes: number;
  /** How long a client may take to send connection_init. */
  initTimeoutMs: number;
  /** How long a connection without a valid token is kept. */
  strangerTimeoutMs: number;
  /** Time between pings; a client that does not answer until the next one is cut off. */
  pingIntervalMs: number;
}

/** The WebSocket side of the server. */
export interface GraphqlWebSocket {
  /** What is open now. */
  readonly open: { webSockets: number; subscriptions: number };
  /** Says good-bye to every client and resolves when all are gone; those that stay are cut off after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

interface Connection {
  socket: WebSocket;
  request: IncomingMessage;
  caller: Caller | null;
  /** Identifies the connection in the log. */
  id: string;
  stopTimers: (() => void)[];
  /** Records that a token was refused; null when there is nothing to record, or no longer. */
  audit: (() => Promise<unknown>) | null;
  /** Operations in progress. */
  countOperations: () => number;
}

type ConnectionContext = Context<Record<string, unknown>, Connection>;

/** Serves the upgrade requests of `http`. */
export function serveGraphqlWebSocket(
  http: HttpServer,
  deps: GraphqlWebSocketDeps,
  options: GraphqlWebSocketOptions,
): GraphqlWebSocket {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxMessageBytes,
    handleProtocols: (offered) => (offered.has('graphql-transport-ws') ? 'graphql-transport-ws' : false),
  });
  const connections = new Set<Connection>();
  const graphql = createGraphqlServer(deps, options, connections);
  http.on('upgrade', (request, socket, head) => {
    const isFull = sockets.clients.size >= options.maxConnections && !dropOldestStranger(connections);
    const status = refuseUpgrade(request, deps, isFull);
    if (status) return rejectUpgrade(socket, status);
    sockets.handleUpgrade(request, socket, head, (client) => {
      const connection: Connection = {
        socket: client,
        request,
        caller: null,
        id: deps.random.uuid(),
        stopTimers: [],
        audit: null,
        countOperations: () => 0,
      };
      connections.add(connection);
      client.once('close', () => connections.delete(connection));
      serveConnection(graphql, connection, deps, options);
    });
  });
  return {
    get open() {
      const subscriptions = [...connections].reduce((sum, { countOperations }) => sum + countOperations(), 0);
      return { webSockets: connections.size, subscriptions };
    },
    close: (graceMs) => closeAll(sockets, graceMs),
  };
}

/** Makes room, so that connections without a valid token cannot keep others out. */
function dropOldestStranger(connections: Set<Connection>): boolean {
  for (const connection of connections) {
    if (connection.caller?.kind === 'known') continue;
    connections.delete(connection);
    connection.socket.terminate();
    return true;
  }
  return false;
}

function refuseUpgrade(request: IncomingMessage, deps: GraphqlWebSocketDeps, isFull: boolean): string | null {
  if (request.url?.split('?')[0] !== '/graphql') return '404 Not Found';
  return deps.isDraining() || isFull ? '503 Service Unavailable' : null;
}

function rejectUpgrade(socket: Duplex, status: string): void {
  // A client that is gone before it hears the answer needs no answer.
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function createGraphqlServer(
  deps: GraphqlWebSocketDeps,
  options: GraphqlWebSocketOptions,
  connections: ReadonlySet<Connection>,
): GraphqlServer<Connection> {
  const { api } = deps;
  return makeServer<Record<string, unknown>, Connection>({
    connectionInitWaitTimeout: options.initTimeoutMs,
    onConnect: (context) => connect(context, deps, options),
    async onSubscribe(context, _id, request) {
      const refusal = refuseOperation(context.extra, deps, options, connections);
      if (refusal) return api.refuse(refusal);
      context.extra.audit = null;
      return api.prepare(request, createOperationContext(context.extra, deps));
    },
    execute: api.execute,
    subscribe: (operation) => api.subscribe(operation),
    onNext: (_context, _id, _request, _args, result) =>
      result.errors ? { ...result, errors: result.errors.map(api.formatError) } : undefined,
    onError: (_context, _id, _request, errors) => errors.map(api.formatError),
  });
}

async function connect(
  context: ConnectionContext,
  { api, verifier, clock, logger, random }: GraphqlWebSocketDeps,
  { strangerTimeoutMs }: GraphqlWebSocketOptions,
): Promise<true> {
  const { extra, connectionParams } = context;
  const remoteAddress = extra.request.socket.remoteAddress ?? null;
  const authorization =
    connectionParams?.authorization ?? connectionParams?.Authorization ?? extra.request.headers.authorization;
  const caller = await identifyCaller(verifier, authorization, remoteAddress);
  extra.caller = caller;
  extra.countOperations = () => Object.keys(context.subscriptions).length;
  // Who is refused an operation is audited for that; this is for those that only tried a token.
  const signInFailed = authorization !== undefined && caller.kind === 'stranger';
  if (signInFailed)
    extra.audit = () => api.authorize(createOperationContext(extra, { api, random }), 'connection');
  // The client may have left meanwhile, and then nobody would stop the timer.
  if (extra.socket.readyState !== extra.socket.OPEN) return true;
  const deadline =
    caller.kind === 'known'
      ? { at: caller.expiresAt, code: CloseCode.Forbidden, reason: 'The token expired; sign in again' }
      : {
          at: new Date(clock.now().getTime() + strangerTimeoutMs),
          code: CloseCode.Unauthorized,
          reason: 'A valid token is needed',
        };
  extra.stopTimers.push(closeAt(extra.socket, deadline, clock));
  logger.debug({ remoteAddress, kind: caller.kind }, 'WebSocket connected');
  return true;
}

/** Why this operation is not even looked at, or null. The operation itself is among those counted. */
function refuseOperation(
  connection: Connection,
  { isDraining }: GraphqlWebSocketDeps,
  { maxOperations, maxAllOperations }: GraphqlWebSocketOptions,
  connections: ReadonlySet<Connection>,
): AppError | null {
  if (isDraining()) return shuttingDown();
  if (connection.countOperations() > maxOperations) {
    return new ConflictError(
      `A connection must have at most ${maxOperations} operations in progress; complete one before the next`,
    );
  }
  const all = [...connections].reduce((sum, each) => sum + each.countOperations(), 0);
  if (all <= maxAllOperations) return null;
  return new AppError(
    'SERVICE_UNAVAILABLE',
    `The server has ${maxAllOperations} operations in progress over WebSocket, which is the most that it takes on; try again later`,
    { retryable: true },
  );
}

function createOperationContext(
  { caller, request }: Connection,
  { api, random }: Pick<GraphqlWebSocketDeps, 'api' | 'random'>,
): ApiContext {
  invariant(caller, 'An operation came before its connection was acknowledged');
  return api.createContext({
    requestId: random.uuid(),
    remoteAddress: request.socket.remoteAddress ?? null,
    caller,
  });
}

function serveConnection(
  graphql: GraphqlServer<Connection>,
  connection: Connection,
  { logger }: GraphqlWebSocketDeps,
  { pingIntervalMs }: GraphqlWebSocketOptions,
): void {
  const { socket, stopTimers } = connection;
  const fail = (error: unknown) => {
    logger.error({ err: error }, 'WebSocket operation ended unexpectedly');
    socket.close(CloseCode.InternalServerError, 'Internal server error');
  };
  const handleIn = (handle: (message: string) => Promise<void>, message: string) =>
    withLogContext({ connectionId: connection.id }, () => handle(message).catch(fail));
  const closed = graphql.opened(
    {
      protocol: socket.protocol,
      send: (message) => send(socket, message),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) => socket.on('message', (message) => void handleIn(handle, String(message))),
    },
    connection,
  );
  stopTimers.push(keepAlive(socket, pingIntervalMs));
  // ws closes the socket itself, with the code that fits; an oversized message is not an event of the server.
  socket.on('error', (error) => logger.debug({ err: error }, 'WebSocket broke'));
  socket.once('close', (code, reason) => {
    for (const stop of stopTimers) stop();
    connection.audit?.().catch(fail);
    closed(code, String(reason)).catch(fail);
  });
}

/** Resolves when the message has been handed to the network, which is what holds a fast source back. */
function send(socket: WebSocket, message: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) return resolve();
    socket.send(message, (error) => (error ? reject(error) : resolve()));
  });
}

async function closeAll(sockets: WebSocketServer, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => sockets.close(() => resolve()));
  for (const socket of sockets.clients) socket.close(1001, 'The server is shutting down');
  const cutOff = setTimeout(() => {
    for (const socket of sockets.clients) socket.terminate();
  }, graceMs);
  await closed;
  clearTimeout(cutOff);
}
