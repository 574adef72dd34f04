import { type Client, createClient } from 'graphql-ws';
import { pino } from 'pino';
import { type Api, type ApiDeps, createApi } from '../../src/api/schema.js';
import type { TokenKeySource } from '../../src/server/auth/token-key.js';
import { createTokenVerifier, type TokenRules } from '../../src/server/auth/token-verifier.js';
import type { Monitoring } from '../../src/server/monitoring-routes.js';
import { createServer, type Listening, type Server, type ServerOptions } from '../../src/server/server.js';
import { systemClock } from '../../src/shared/clock.js';
import { logContext } from '../../src/shared/log-context.js';
import { systemRandom } from '../../src/shared/random.js';
import { MemoryServices } from './memory-services.js';
import { makeToken, TEST_SECRET } from './tokens.js';

/** What a GraphQL answer looks like to a client. */
export interface Answer {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions: { code: string; details: Record<string, unknown> } }[];
}

/** An answer and how it came. */
export interface HttpAnswer extends Answer {
  status: number;
  headers: Headers;
}

/** What a test server differs in from the usual one. */
export interface TestApiOptions extends Partial<ServerOptions> {
  services?: Omit<ApiDeps, 'logger' | 'clock' | 'random'>;
  key?: TokenKeySource;
  rules?: Partial<TokenRules>;
  monitoring?: Partial<Monitoring>;
}

/** A real server on a free port, and a client for it. */
export class TestApi implements AsyncDisposable {
  private constructor(
    readonly server: Server,
    readonly address: Listening,
    readonly api: Api,
    /** Every line that the server has logged. */
    readonly logged: string[],
  ) {}

  static async start({
    services = new MemoryServices(),
    key,
    rules,
    monitoring,
    ...options
  }: TestApiOptions = {}): Promise<TestApi> {
    const logged: string[] = [];
    const logger = pino(
      { level: 'debug', mixin: () => ({ ...logContext() }) },
      { write: (line: string) => void logged.push(line) },
    );
    const shared = { logger, clock: systemClock, random: systemRandom };
    const production = options.production ?? true;
    const api = createApi({ ...services, ...shared }, { production });
    const verifier = createTokenVerifier(key ?? { kind: 'secret', secret: TEST_SECRET }, {
      clock: systemClock,
      clockToleranceSeconds: 0,
      ...rules,
    });
    const server = createServer(
      {
        ...shared,
        api,
        verifier,
        monitoring: {
          isReady: async () => true,
          renderMetrics: async () => ({ contentType: 'text/plain', body: 'metrics' }),
          metricsToken: null,
          ...monitoring,
        },
      },
      { host: '127.0.0.1', port: 0, closeGraceMs: 500, ...options, production },
    );
    return new TestApi(server, await server.listen(), api, logged);
  }

  /** Sends one operation with `token`; null sends none. */
  async query(
    query: string,
    variables: Record<string, unknown> = {},
    token: string | null = makeToken(),
  ): Promise<HttpAnswer> {
    return this.post(JSON.stringify({ query, variables }), {
      ...(token !== null && { authorization: `Bearer ${token}` }),
    });
  }

  /** Sends `body` as it is. */
  async post(
    body: string | Buffer,
    headers: Record<string, string> = { authorization: `Bearer ${makeToken()}` },
  ): Promise<HttpAnswer> {
    const response = await fetch(this.address.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    const answer = (await response.json()) as Answer;
    return { ...answer, status: response.status, headers: response.headers };
  }

  /** A WebSocket client that never tries again. The caller disposes of it. */
  connect(connectionParams: Record<string, unknown> = { authorization: `Bearer ${makeToken()}` }): Client {
    return createClient({ url: this.address.webSocketUrl, connectionParams, retryAttempts: 0, lazy: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

/** The first answer to one operation over WebSocket, errors that refuse the whole operation included. */
export async function askOnce(
  client: Client,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stop = client.subscribe(
      { query, variables },
      {
        next: (answer) => {
          resolve(answer as Answer);
          stop();
        },
        error: (error) =>
          Array.isArray(error) ? resolve({ errors: error as Answer['errors'] & object }) : reject(error),
        complete: () => resolve({}),
      },
    );
  });
}

/** Codes of the errors in `answer`, in order. */
export function codesOf(answer: Answer): string[] {
  return (answer.errors ?? []).map((error) => error.extensions.code);
}
