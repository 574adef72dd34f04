/** Runs tasks side by side, a few at a time. After the first failure no further task begins. */
export class TaskPool {
  readonly #limit: number;
  readonly #running = new Set<Promise<void>>();
  #failed = false;
  #failure: unknown = null;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Begins `task` as soon as fewer than `limit` run; resolves when it has begun.
   * @throws what an earlier task threw
   */
  async add(task: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#limit && !this.#failed) await Promise.race(this.#running);
    this.#throwIfFailed();
    const running: Promise<void> = this.#run(task).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /**
   * Resolves when every task has ended.
   * @throws what the first failing task threw
   */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
    this.#throwIfFailed();
  }

  /** Never rejects: the failure is kept for `add` and `settle`. */
  async #run(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.#failure = this.#failed ? this.#failure : error;
      this.#failed = true;
    }
  }

  #throwIfFailed(): void {
    if (this.#failed) throw this.#failure;
  }
}
