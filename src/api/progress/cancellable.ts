/**
 * The iterator that `open` makes, with an end that always works: `return()` aborts the signal first, so
 * that a `next()` that waits for an event does not hold on to its source for ever.
 * @param open makes the iterator; must end it when the signal is aborted
 */
export async function cancellable<T>(
  open: (signal: AbortSignal) => AsyncIterableIterator<T> | Promise<AsyncIterableIterator<T>>,
): Promise<AsyncIterableIterator<T>> {
  const controller = new AbortController();
  const iterator = await open(controller.signal);
  const events: AsyncIterableIterator<T> = {
    next: () => iterator.next(),
    async return() {
      controller.abort();
      await iterator.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => events,
  };
  return events;
}
