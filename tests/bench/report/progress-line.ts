/** Says on standard error what is done now: one line that changes in a terminal, a line each elsewhere. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #startedAt = performance.now();

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  say(what: string): void {
    const elapsed = Math.round((performance.now() - this.#startedAt) / 1000);
    const text = `[${Math.floor(elapsed / 60)}:${String(elapsed % 60).padStart(2, '0')}] ${what}`;
    this.#stream.write(
      this.#stream.isTTY ? `\r\x1b[K${text.slice(0, this.#stream.columns - 1)}` : `${text}\n`,
    );
  }

  /** Leaves an empty line behind. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
  }
}
