/** Work that is done again and again, never twice at once. */
export class Periodic {
  readonly #work: (signal: AbortSignal) => Promise<void>;
  readonly #everyMs: number;
  readonly #onFailure: (error: unknown) => void;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;

  /**
   * @param work is told by its signal to end
   * @param options.everyMs time from the end of one run to the beginning of the next
   * @param options.onFailure told of a run that failed; the next one is done all the same
   */
  constructor(
    work: (signal: AbortSignal) => Promise<void>,
    options: { everyMs: number; onFailure: (error: unknown) => void },
  ) {
    this.#work = work;
    this.#everyMs = options.everyMs;
    this.#onFailure = options.onFailure;
  }

  /** Begins with a run now. */
  start(): void {
    void this.run();
  }

  /** Does the work now, or waits for the run that is on. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#runOnce();
    return this.#running;
  }

  /** Aborts the run that is on, and waits for it; there is none after. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }

  async #runOnce(): Promise<void> {
    const { signal } = this.#closing;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    try {
      if (!signal.aborted) await this.#work(signal);
    } catch (error) {
      if (!signal.aborted) this.#onFailure(error);
    } finally {
      this.#running = null;
      if (!signal.aborted) this.#timer = setTimeout(() => void this.run(), this.#everyMs);
    }
  }
}
