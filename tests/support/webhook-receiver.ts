import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A request that was received. */
export interface Received {
  headers: Record<string, string | string[] | undefined>;
  body: string;
  /** What `body` says. */
  content: Record<string, unknown>;
  /** When, in milliseconds since 1970. */
  at: number;
}

/** A real HTTP server that takes messages, and answers what a test says. */
export class WebhookReceiver implements AsyncDisposable {
  readonly received: Received[] = [];
  /** Status of the next answers; 0: none ever comes. */
  status = 200;
  /** Headers of the next answers. */
  headers: Record<string, string> = {};
  readonly #http: Server;

  private constructor() {
    this.#http = createServer(async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece);
      const body = Buffer.concat(pieces).toString();
      this.received.push({ headers: request.headers, body, content: JSON.parse(body), at: Date.now() });
      if (this.status === 0) return;
      response.writeHead(this.status, this.headers).end('a private answer');
    });
  }

  static async open(port = 0): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    receiver.#http.listen(port, '127.0.0.1');
    await once(receiver.#http, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/hooks/a-private-path`;
  }

  /** The first message that fits, waiting for it. */
  async next(fits: (message: Received) => boolean, limitMs = 15_000): Promise<Received> {
    const deadline = Date.now() + limitMs;
    while (Date.now() < deadline) {
      const found = this.received.find(fits);
      if (found) return found;
      await wait(10);
    }
    throw new Error(
      `No such message came; there were ${JSON.stringify(this.received.map(({ body }) => body))}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#http, 'close');
    this.#http.close();
    this.#http.closeAllConnections();
    await closed;
  }
}
