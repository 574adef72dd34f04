/**
 * Runs `work` on every item, at most `limit` at a time, in no order. Takes the next item only when there is room for it.
 * After the first failure no further item is begun.
 * @throws what the first failing `work`, or the listing of the items, threw, once nothing runs any more
 */
export async function forEachConcurrently<T>(
  items: AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  let hasFailed = false;
  const runOneByOne = async () => {
    try {
      while (!hasFailed) {
        const { value, done } = await iterator.next();
        if (done) return;
        await work(value);
      }
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  };
  try {
    const ended = await Promise.allSettled(Array.from({ length: limit }, runOneByOne));
    const failure = ended.find(({ status }) => status === 'rejected');
    if (failure?.status === 'rejected') throw failure.reason;
  } finally {
    await iterator.return?.();
  }
}
