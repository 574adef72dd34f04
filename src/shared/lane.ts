/** Runs what it is given one after another, in the order given; one that fails does not stop the next. */
export class Lane {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when everything given before has ended. @returns what `work` gives or throws */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    // Whoever gave the work hears of its failure; the lane only needs to know that it has ended.
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when everything given so far has ended. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
