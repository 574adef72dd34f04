import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { ConflictError } from '../shared/errors.js';

const PROBLEMS: Record<string, string> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this user may not',
  ENOTFOUND: 'there is no such host',
};

/**
 * Resolves when `http` listens.
 * @param settings names of the settings to change when it cannot
 * @throws ConflictError when the address is taken or not allowed
 */
export async function listen(
  http: HttpServer,
  { host, port }: { host: string; port: number },
  settings: string,
): Promise<void> {
  http.listen(port, host);
  try {
    await once(http, 'listening');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const reason = PROBLEMS[String(error.code)] ?? String(error.code);
    throw new ConflictError(`Cannot listen on port ${port} of ${host}: ${reason}; set ${settings}`, {
      cause: error,
    });
  }
}

/** Resolves when `http` listens no more and every connection is gone; those that stay are cut off after `graceMs`. */
export async function closeHttp(http: HttpServer, graceMs: number): Promise<void> {
  if (!http.listening) return;
  const closed = once(http, 'close');
  http.close();
  http.closeIdleConnections();
  const cutOff = setTimeout(() => http.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cutOff);
}
