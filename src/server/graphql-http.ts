/**
 * GraphQL over HTTP: `POST /graphql` with a JSON object, one operation a request. Apollo Server executes;
 * what it answers to is decided here: method, content type, body size, and who is let in.
 */
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import { expressMiddleware } from '@as-integrations/express5';
import express, { type RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import type { ApiContext } from '../api/context.js';
import type { Api } from '../api/schema.js';
import { AppError, InvalidInputError } from '../shared/errors.js';
import { answerError } from './answer-errors.js';
import { identifyCaller } from './auth/identify-caller.js';
import type { TokenVerifier } from './auth/token-verifier.js';

/** What the HTTP transport works with. */
export interface GraphqlHttpDeps {
  api: Api;
  verifier: TokenVerifier;
  logger: Logger;
  /** True once new work is refused. */
  isDraining(): boolean;
}

/** How the HTTP transport behaves. */
export interface GraphqlHttpOptions {
  production: boolean;
  /** Largest request body, decompressed. */
  maxBodyBytes: number;
}

/** Apollo Server over `api`. Reports to nobody, accepts one operation a request, and never tells a stack. */
export function createApolloServer(
  { api, logger }: Pick<GraphqlHttpDeps, 'api' | 'logger'>,
  { production }: Pick<GraphqlHttpOptions, 'production'>,
): ApolloServer<ApiContext> {
  return new ApolloServer<ApiContext>({
    schema: api.schema,
    parseOptions: api.parseOptions,
    validationRules: api.validationRules,
    formatError: (_formatted, error) => api.formatError(error),
    // Who may introspect is settled by `admit`.
    introspection: true,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    nodeEnv: production ? 'production' : 'development',
    logger,
    plugins: [
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      production
        ? ApolloServerPluginLandingPageDisabled()
        : ApolloServerPluginLandingPageLocalDefault({ footer: false }),
      queriesAndMutationsOnly,
      statusByCode(api),
    ],
  });
}

/** Refuses subscriptions, which have no way to answer more than once here. */
const queriesAndMutationsOnly: ApolloServerPlugin<ApiContext> = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation }) {
        if (operation?.operation !== 'subscription') return;
        throw new InvalidInputError('Subscriptions are served over WebSocket, found one in an HTTP request');
      },
    };
  },
};

/** Gives answers with errors the HTTP status of the first one's code, also when only one field failed. */
function statusByCode(api: Api): ApolloServerPlugin<ApiContext> {
  return {
    async requestDidStart() {
      return {
        async willSendResponse({ response }) {
          if (response.body.kind !== 'single' || !response.body.singleResult.errors?.length) return;
          response.http.status = api.statusOf(response.body.singleResult.errors);
          if (response.http.status === 401) response.http.headers.set('www-authenticate', 'Bearer');
        },
      };
    },
  };
}

/** The routes of `/graphql`. `apollo` must have been started. */
export function graphqlHttp(
  apollo: ApolloServer<ApiContext>,
  deps: GraphqlHttpDeps,
  options: GraphqlHttpOptions,
): Router {
  const router = Router();
  const execute = expressMiddleware(apollo, {
    context: ({ res }) => Promise.resolve(res.locals.context as ApiContext),
  });
  if (!options.production) router.get('/graphql', landingPage(execute));
  router.all('/graphql', onlyJsonPosts(deps));
  router.post('/graphql', express.json({ limit: options.maxBodyBytes }), admission(deps), execute);
  return router;
}

/** Lets a browser have Apollo's page for trying things; everything else goes on to be refused. */
function landingPage(execute: RequestHandler): RequestHandler {
  return (request, response, next) => {
    if (request.accepts(['json', 'html']) !== 'html' || Object.keys(request.query).length > 0) return next();
    // The page is a script from Apollo's servers, for development only; it brings its own policy.
    response.removeHeader('Content-Security-Policy');
    request.body = {};
    return execute(request, response, next);
  };
}

function onlyJsonPosts({ api, isDraining }: GraphqlHttpDeps): RequestHandler {
  return (request, response, next) => {
    const refuse = (status: number, error: AppError) => answerError(api, response, { error, status });
    if (request.method !== 'POST') {
      response.set('Allow', 'POST');
      return refuse(
        405,
        new InvalidInputError(`GraphQL is served to POST requests, found ${request.method}`),
      );
    }
    if (!request.is('application/json')) {
      return refuse(415, new InvalidInputError('The Content-Type of the request must be application/json'));
    }
    if (isDraining()) return refuse(503, shuttingDown());
    next();
  };
}

/** What everybody is told who comes while the server ends. */
export function shuttingDown(): AppError {
  return new AppError('SERVICE_UNAVAILABLE', 'The server is shutting down; try again in a moment', {
    retryable: true,
  });
}

function admission({ api, verifier }: GraphqlHttpDeps): RequestHandler {
  return async (request, response, next) => {
    const remoteAddress = request.socket.remoteAddress ?? null;
    const caller = await identifyCaller(verifier, request.headers.authorization, remoteAddress);
    const context = api.createContext({
      requestId: String(response.locals.requestId),
      remoteAddress,
      caller,
    });
    const refusal = await api.admit(readQuery(request.body), context);
    if (refusal) return answerError(api, response, { error: refusal });
    if (Array.isArray(request.body)) {
      const error = new InvalidInputError('The request must be one operation, found an array of operations');
      return answerError(api, response, { error });
    }
    response.locals.context = context;
    next();
  };
}

function readQuery(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'query' in body ? body.query : undefined;
}
