/** How a closable iterator is ended from outside. */
export interface CloseOptions {
  /** Ends the iterator when it aborts. */
  signal?: AbortSignal;
  /** Called once, when the iterator ends in whatever way, also when it was never read from. */
  onClose?: () => void;
}

/**
 * An async iterator over what `generate` yields that ends at once when `return()` is called or the signal aborts,
 * also while it waits for the next value. (A plain generator answers `return()` only after the value it waits for.)
 * @param generate ends soon after the signal that it is given aborts
 */
export function createClosableIterator<T>(
  generate: (signal: AbortSignal) => AsyncGenerator<T, void, void>,
  { signal, onClose }: CloseOptions = {},
): AsyncIterableIterator<T> {
  const controller = new AbortController();
  const close = (): void => {
    if (controller.signal.aborted) return;
    controller.abort();
    signal?.removeEventListener('abort', close);
    onClose?.();
  };
  if (signal?.aborted) close();
  else signal?.addEventListener('abort', close, { once: true });
  const values = generate(controller.signal);
  const end = async (): Promise<IteratorReturnResult<undefined>> => {
    close();
    await values.return();
    return { done: true, value: undefined };
  };
  return {
    async next() {
      if (controller.signal.aborted) return end();
      try {
        const result = await values.next();
        return result.done || controller.signal.aborted ? await end() : result;
      } catch (error) {
        close();
        throw error;
      }
    },
    return: end,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
