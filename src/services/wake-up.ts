/** Lets any number of callers wait until something has happened once more, without a queue for each of them. */
export class WakeUp {
  #next = Promise.withResolvers<void>();

  /** Resolves at the next `wake`. Taken before looking whether there is something to do, so that none is missed. */
  get next(): Promise<void> {
    return this.#next.promise;
  }

  /** Wakes everybody who waits now. */
  wake(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }
}

/** Resolves with `event`, when `signal` aborts, or after `timeoutMs`, whichever is first. */
export async function waitFor(event: Promise<void>, signal: AbortSignal, timeoutMs?: number): Promise<void> {
  if (signal.aborted) return;
  const stopped = Promise.withResolvers<void>();
  const stop = (): void => stopped.resolve();
  signal.addEventListener('abort', stop, { once: true });
  const timer = timeoutMs === undefined ? undefined : setTimeout(stop, timeoutMs);
  try {
    await Promise.race([event, stopped.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
