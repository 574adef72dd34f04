import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../shared/errors.js';

const PROGRAM = fileURLToPath(new URL('./seller-process.js', import.meta.url));

/** Another process that keeps selling at the till, some hundred sales a second, each its own commit. */
export class Seller {
  readonly #process: ChildProcess;
  readonly #output: Buffer[] = [];
  readonly #exited: Promise<unknown>;
  #sold = 0;

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#exited = once(process, 'close');
    process.stderr?.on('data', (bytes: Buffer) => this.#output.push(bytes));
    process.on('message', (message: { sold: number }) => {
      this.#sold = message.sold;
    });
  }

  /**
   * Starts selling, and waits for the first sales.
   * @param tillRoot where the till is
   * @throws AppError when selling ends by itself
   */
  static async start(tillRoot: string): Promise<Seller> {
    const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const;
    const process = fork(PROGRAM, [tillRoot], { env: {}, execArgv: [], stdio: [...stdio] });
    const seller = new Seller(process);
    await Promise.race([once(process, 'message'), seller.#exited]);
    seller.#assertSelling();
    return seller;
  }

  /**
   * Stops selling and waits for the last sale to be committed.
   * @returns how many sales were made
   * @throws AppError when selling had ended by itself
   */
  async stop(): Promise<number> {
    this.#assertSelling();
    this.#process.send('stop');
    await this.#exited;
    if (this.#process.exitCode !== 0) throw this.#describeEnd();
    return this.#sold;
  }

  /** Ends the process whatever it does. May be called twice, and after `stop`. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  #assertSelling(): void {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) throw this.#describeEnd();
  }

  #describeEnd(): AppError {
    const words = Buffer.concat(this.#output).toString().trim();
    return new AppError('SOURCE_UNAVAILABLE', `The seller ended by itself: ${words}`);
  }
}
