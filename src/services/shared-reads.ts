/** Lets callers that want the same at the same moment share one reading of it. Nothing is kept once it was read. */
export class SharedReads<Found> {
  readonly #reading = new Map<string, Promise<Found>>();

  /** What `read` finds, or what a reading under the same key that is still under way does. */
  read(key: string, read: () => Promise<Found>): Promise<Found> {
    const known = this.#reading.get(key);
    if (known) return known;
    const reading = read().finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }
}

/** `convert`, which answers with the same object each time that it is given the same one. */
export function remembering<From extends object, To>(convert: (from: From) => To): (from: From) => To {
  const known = new WeakMap<From, { to: To }>();
  return (from) => {
    const found = known.get(from);
    if (found) return found.to;
    const to = convert(from);
    known.set(from, { to });
    return to;
  };
}
