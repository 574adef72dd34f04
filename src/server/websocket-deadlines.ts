import type { WebSocket } from 'ws';
import type { Clock } from '../shared/clock.js';

/** setTimeout takes no longer delays than this; Node would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Closes `socket` with `code` and `reason` at the instant `at`, however far away that is.
 * @returns stops the timer
 */
export function closeAt(
  socket: WebSocket,
  { at, code, reason }: { at: Date; code: number; reason: string },
  clock: Clock,
): () => void {
  let timer: NodeJS.Timeout;
  const arm = () => {
    const remainingMs = at.getTime() - clock.now().getTime();
    if (remainingMs <= 0) return socket.close(code, reason);
    timer = setTimeout(arm, Math.min(remainingMs, MAX_TIMEOUT_MS));
  };
  timer = setTimeout(arm, 0);
  return () => clearTimeout(timer);
}

/**
 * Pings `socket` every `intervalMs` and cuts it off when the last ping was not answered.
 * @returns stops the timer
 */
export function keepAlive(socket: WebSocket, intervalMs: number): () => void {
  let isAlive = true;
  socket.on('pong', () => {
    isAlive = true;
  });
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, intervalMs);
  return () => clearInterval(timer);
}
