import { createHmac } from 'node:crypto';
import type { Clock } from '../shared/clock.js';

/** Where messages go, and how they are signed. */
export interface WebhookOptions {
  /** Its path may be a secret: it is in no message of an error. */
  url: string;
  secret: string;
  /** Time for one attempt, in milliseconds. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;

/** Header that carries the signature. */
export const SIGNATURE_HEADER = 'Tillvault-Signature';

/**
 * What proves that `body` was sent by whoever has the secret, and when:
 * `t=<seconds since 1970>,v1=<HMAC-SHA-256 of "t.body", lower-case hex>`.
 */
export function signBody(secret: string, body: string, at: Date): string {
  const seconds = Math.floor(at.getTime() / 1000);
  const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${signature}`;
}

/** Posts JSON to one address. Redirects are not followed, and what is answered is neither read nor kept. */
export class WebhookSender {
  readonly #options: WebhookOptions;
  readonly #clock: Clock;

  constructor(options: WebhookOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /**
   * Makes one attempt.
   * @throws Error that names neither the address nor the answer, unless a status of 200 to 299 came in time
   */
  async send(body: string, signal: AbortSignal): Promise<void> {
    const { url, secret, timeoutMs = TIMEOUT_MS } = this.#options;
    const limit = AbortSignal.timeout(timeoutMs);
    const status = await post(url, {
      method: 'POST',
      body,
      headers: {
        'Content-Type': 'application/json',
        'User-Agent': 'Tillvault',
        [SIGNATURE_HEADER]: signBody(secret, body, this.#clock.now()),
      },
      redirect: 'manual',
      signal: AbortSignal.any([signal, limit]),
    }).catch((error: unknown) => {
      throw new Error(limit.aborted ? `No answer within ${timeoutMs / 1000} s` : describeNetworkError(error));
    });
    if (status < 200 || status > 299) {
      const hint = status >= 300 && status <= 399 ? ', a redirect, which is not followed' : '';
      throw new Error(`The answer was ${status}${hint}`);
    }
  }
}

async function post(url: string, init: RequestInit): Promise<number> {
  const response = await fetch(url, init);
  // Not read: it may be private, and endless. The connection is given up with it.
  await response.body?.cancel();
  return response.status;
}

/** The code of what went wrong below `fetch`, such as ECONNREFUSED. */
function describeNetworkError(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  return `The address cannot be reached (${code})`;
}
