/** Sends events to every subscriber; a subscriber holds what it has not read yet. */
export class EventSource<T> {
  readonly #subscribers = new Set<(event: T | null) => void>();

  /** Number of subscribers that have not ended: 0 when nothing leaks. */
  get size(): number {
    return this.#subscribers.size;
  }

  /** Sends `event` to everybody; null ends every subscription. */
  send(event: T | null): void {
    for (const subscriber of [...this.#subscribers]) subscriber(event);
  }

  /** Events from now on, until null is sent or `signal` aborts. */
  async *subscribe(signal?: AbortSignal): AsyncGenerator<T> {
    const waiting: (T | null)[] = [];
    let wake = () => {};
    const take = (event: T | null) => {
      waiting.push(event);
      wake();
    };
    const end = () => take(null);
    this.#subscribers.add(take);
    signal?.addEventListener('abort', end);
    try {
      for (;;) {
        const event = waiting.shift();
        if (event === null) return;
        if (event !== undefined) yield event;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      this.#subscribers.delete(take);
      signal?.removeEventListener('abort', end);
    }
  }
}
