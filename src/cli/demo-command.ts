import { Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../shared/clock.js';
import { systemRandom } from '../shared/random.js';
import { runDemo } from './demo/demo.js';

const DEFAULT_ROWS = 300_000;
const MIN_ROWS = 1000;
const MAX_ROWS = 20_000_000;

/** `tillvault demo`: backs up, loses and restores a till that it makes itself. */
export function createDemoCommand(): Command {
  return new Command('demo')
    .description(
      'Show the whole job on a till made for it: back up while it sells, lose it, restore it, prove it',
    )
    .option('--rows <number>', `sale lines of the till, ${MIN_ROWS} to ${MAX_ROWS}`, parseRows, DEFAULT_ROWS)
    .option('--serve', 'stay up afterwards and print how to use the API', false)
    .option('--keep', 'keep the folder with the till and its backups, and print where it is', false)
    .addHelpText(
      'after',
      `
Needs no network and no service: it uses a temporary folder and a free port of this machine, and removes
everything when it ends. Ends with status 0 only when everything restored is what it was.`,
    )
    .action(async (options: { rows: number; serve: boolean; keep: boolean }) => {
      const interrupt = new AbortController();
      const stop = () => interrupt.abort();
      const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
      for (const signal of signals) process.on(signal, stop);
      // Nobody reads any more, as in `tillvault demo | head`: end, but clean up.
      process.stdout.on('error', stop);
      try {
        await runDemo(
          { ...options, signal: interrupt.signal },
          { clock: systemClock, random: systemRandom, output: process.stdout },
        );
      } finally {
        for (const signal of signals) process.off(signal, stop);
      }
    });
}

function parseRows(text: string): number {
  const rows = Number(text);
  if (!/^\d{1,9}$/.test(text) || rows < MIN_ROWS || rows > MAX_ROWS) {
    throw new InvalidArgumentError(`Expected a whole number from ${MIN_ROWS} to ${MAX_ROWS}.`);
  }
  return rows;
}
