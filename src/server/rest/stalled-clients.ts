import type { ServerResponse } from 'node:http';

/** A client that takes no byte for this long is dropped. */
export const STALL_LIMIT_MS = 60_000;

/**
 * Drops the client of `response` when it takes no byte for `limitMs` although there are some for it. A server that is
 * slow itself drops nobody.
 */
export function dropWhenStalled(response: ServerResponse, limitMs: number): void {
  response.setTimeout(limitMs, () => {
    const { socket } = response;
    const hasBytesForIt = response.writableNeedDrain || (socket?.writableLength ?? 0) > 0;
    if (hasBytesForIt) response.destroy(new Error(`The client took no byte for ${limitMs / 1_000} seconds`));
    else response.setTimeout(limitMs); // begins the next wait
  });
}
