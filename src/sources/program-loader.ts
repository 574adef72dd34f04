import type { ProgramEnd, RunningProgram } from './running-program.js';
import type { DumpLoader } from './server-place.js';

/** Feeds a dump to a vendor's program, as fast as that reads. */
export class ProgramLoader implements DumpLoader {
  readonly #program: RunningProgram;
  readonly #explain: (end: ProgramEnd) => Error;

  constructor(program: RunningProgram, explain: (end: ProgramEnd) => Error) {
    this.#program = program;
    this.#explain = explain;
    program.output.resume(); // what it says there is of no interest, but must not fill the pipe
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!(await this.#program.feed(bytes))) await this.#program.succeed(this.#explain);
  }

  async end(): Promise<void> {
    this.#program.endInput();
    await this.#program.succeed(this.#explain);
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }
}
