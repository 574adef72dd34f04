import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Api } from '../api/schema.js';
import { NotFoundError } from '../shared/errors.js';
import { answerError, answerErrors } from './answer-errors.js';
import { closeHttp, listen } from './listen.js';
import { type Monitoring, serveMetrics } from './monitoring-routes.js';
import { securityHeaders } from './security-headers.js';

/** Serves metrics and nothing else. */
export interface MetricsServer {
  /** @returns the port. @throws ConflictError when the address is taken or not allowed */
  listen(): Promise<number>;
  /** Stops listening. May be called twice. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 1_000;
const REQUEST_LIMIT_MS = 10_000;

/** A server of its own for `/metrics`, without a token: whoever reaches its address may read them. */
export function createMetricsServer(
  { api, renderMetrics }: Pick<Monitoring, 'renderMetrics'> & { api: Api },
  address: { host: string; port: number },
): MetricsServer {
  const app = express();
  app.disable('x-powered-by');
  app.use(securityHeaders());
  app.get('/metrics', serveMetrics({ renderMetrics }));
  app.use((_request, response) => {
    answerError(api, response, { error: new NotFoundError('There is nothing here but /metrics') });
  });
  app.use(answerErrors(api));
  const http = createServer({ headersTimeout: REQUEST_LIMIT_MS, requestTimeout: REQUEST_LIMIT_MS }, app);
  http.maxConnections = 20;
  return {
    async listen() {
      await listen(http, address, 'METRICS_PORT or METRICS_HOST');
      return (http.address() as AddressInfo).port;
    },
    close: () => closeHttp(http, CLOSE_GRACE_MS),
  };
}
