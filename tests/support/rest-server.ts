/** A server in this process over the real services and an engine that is a script, with REST. */
import pino from 'pino';
import { createApi } from '../../src/api/schema.js';
import { createRestApi } from '../../src/rest/rest-api.js';
import { createTokenVerifier } from '../../src/server/auth/token-verifier.js';
import { createServer, type Listening, type Server, type ServerOptions } from '../../src/server/server.js';
import { systemClock } from '../../src/shared/clock.js';
import type { BackupRecord } from '../../src/shared/operation.js';
import { systemRandom } from '../../src/shared/random.js';
import { MemoryServices } from './memory-services.js';
import { ADMIN, FULL, followToEnd, openServiceKit, type ServiceKit } from './service-kit.js';
import { makeToken, TEST_SECRET } from './tokens.js';

/** An answer of REST. */
export interface RestReply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire, looked at by tests
  body: any;
}

/** Ready, and nothing to measure. */
const MONITORING = {
  isReady: async () => true,
  renderMetrics: async () => ({ contentType: 'text/plain', body: '' }),
  metricsToken: null,
};

export class RestServer implements AsyncDisposable {
  private constructor(
    readonly kit: ServiceKit,
    readonly server: Server,
    readonly address: Listening,
    readonly origin: string,
  ) {}

  static async start(options: Partial<ServerOptions> = {}): Promise<RestServer> {
    const kit = await openServiceKit();
    const logger = pino({ level: 'silent' });
    const shared = { logger, clock: systemClock, random: systemRandom };
    const { audit, backups, restores, progress, schedules, cleanup, checks, repository, feed } = kit;
    const downloads = kit.downloadService;
    const production = options.production ?? true;
    const api = createApi(
      {
        ...new MemoryServices(),
        ...shared,
        backups,
        restores,
        downloads,
        progress,
        schedules,
        cleanup,
        checks,
        repository,
        operations: feed,
        audit,
      },
      { production },
    );
    const rest = createRestApi({ backups, restores, downloads, progress }, { production, version: '0' });
    const verifier = createTokenVerifier(
      { kind: 'secret', secret: TEST_SECRET },
      { clock: systemClock, clockToleranceSeconds: 0 },
    );
    const server = createServer(
      { ...shared, api, rest, verifier, monitoring: MONITORING },
      { host: '127.0.0.1', port: 0, closeGraceMs: 300, ...options, production },
    );
    const address = await server.listen();
    return new RestServer(kit, server, address, new URL(address.url).origin);
  }

  /** Sends a request with an administrator's token, unless `headers` say otherwise. */
  async send(
    method: string,
    path: string,
    { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<RestReply> {
    const response = await fetch(this.origin + path, {
      method,
      headers: {
        authorization: `Bearer ${makeToken()}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text ? JSON.parse(text) : text,
    };
  }

  /** Takes a backup and waits for its end. */
  async backUp(name?: string): Promise<BackupRecord> {
    const { id } = await this.kit.backups.create(ADMIN, { ...FULL, name: name ?? null });
    await followToEnd(this.kit.progress.backupProgress(id, null));
    return this.kit.backups.get(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.kit.close();
  }
}
