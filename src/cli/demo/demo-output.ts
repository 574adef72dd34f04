import { Presets, SingleBar } from 'cli-progress';
import { formatBytes } from './figures.js';
import type { OnProgress, ProgressStep } from './tillvault-client.js';

/** Where the demo writes: a terminal, or anything else that takes text. */
export type OutputStream = NodeJS.WritableStream & { isTTY?: boolean };

/** Percent between two lines where there is no terminal. */
const LINE_EVERY_PERCENT = 25;
const LABEL_WIDTH = 16;

/** Prints what the demo does: numbered steps, remarks below them, and progress as a bar or, off a terminal, as lines. */
export class DemoOutput {
  readonly #stream: OutputStream;
  #step = 0;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  /** Starts the next step. */
  step(title: string): void {
    this.#step++;
    this.#line(`\n${this.#step}. ${title}`);
  }

  /** Says something about the present step. */
  say(text: string): void {
    this.#line(`   ${text}`);
  }

  /** Prints lines as they are. */
  print(lines: readonly string[]): void {
    for (const line of lines) this.#line(line);
  }

  /** Shows the progress of `work` until it settles. */
  async showProgress<T>(label: string, work: (onProgress: OnProgress) => Promise<T>): Promise<T> {
    return this.#stream.isTTY === true ? this.#showBar(label, work) : this.#showLines(label, work);
  }

  async #showBar<T>(label: string, work: (onProgress: OnProgress) => Promise<T>): Promise<T> {
    const format = '   {label} [{bar}] {percentage}%  {bytes}  {phase}';
    const options = {
      format,
      stream: this.#stream,
      barsize: 30,
      fps: 12,
      hideCursor: true,
      gracefulExit: false,
    };
    const bar = new SingleBar(options, Presets.shades_classic);
    bar.start(100, 0, { label: label.padEnd(LABEL_WIDTH), bytes: '', phase: '' });
    try {
      return await work((progress) => bar.update(Math.floor(progress.percent), describe(progress)));
    } finally {
      bar.stop();
    }
  }

  #showLines<T>(label: string, work: (onProgress: OnProgress) => Promise<T>): Promise<T> {
    let nextPercent = 0;
    return work((progress) => {
      if (progress.percent < nextPercent) return;
      nextPercent = (Math.floor(progress.percent / LINE_EVERY_PERCENT) + 1) * LINE_EVERY_PERCENT;
      const { bytes, phase } = describe(progress);
      this.say(
        `${label.padEnd(LABEL_WIDTH)} ${String(Math.floor(progress.percent)).padStart(3)}%  ${bytes}  ${phase}`,
      );
    });
  }

  #line(text: string): void {
    this.#stream.write(`${text.trimEnd()}\n`);
  }
}

function describe({ phase, component, processedBytes, totalBytes }: ProgressStep): {
  bytes: string;
  phase: string;
} {
  return {
    bytes: (totalBytes === 0 ? '' : `${formatBytes(processedBytes)} of ${formatBytes(totalBytes)}`).padEnd(
      22,
    ),
    phase: `${phase.toLowerCase()}${component ? ` ${component.toLowerCase()}` : ''}`.padEnd(20),
  };
}
