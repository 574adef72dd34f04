import { StorageError } from './errors.js';

/**
 * Waits for `work` at most `limitMs`; its signal aborts then, and it is waited for no longer.
 * @throws StorageError (SERVICE_UNAVAILABLE) when it took longer
 */
export async function withTimeLimit<T>(
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new StorageError('SERVICE_UNAVAILABLE', `There was no answer within ${limitMs / 1000} s`, {
      retryable: true,
    });
    late.reject(error);
    controller.abort(error);
  }, limitMs);
  try {
    return await Promise.race([work(controller.signal), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
