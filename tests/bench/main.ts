/**
 * `npm run bench`: measures Tillvault through its real server, beside its peers, and alone at scale. The corpora are
 * made from fixed seeds and kept between runs. docs/benchmarks.md says what is compared, and what is not.
 */
import { Command } from 'commander';
import { CancelledError } from '../../src/shared/errors.js';
import { createApiCommand } from './api/api-command.js';
import { createCompareCommand } from './compare-command.js';
import { createMemoryCommand } from './memory-command.js';
import { createScaleCommand } from './scale/scale-command.js';

/** What a shell reports for a command that SIGINT ended. */
const STATUS_INTERRUPTED = 130;

const program = new Command('npm run bench --')
  .description('Measures Tillvault')
  .option('--quick', 'smaller and fewer: under two minutes', false)
  .option('--json <file>', 'write every figure of every run to this file')
  .option('--write-docs', 'write the result into docs/benchmarks.md', false)
  .option(
    '--work-dir <folder>',
    'folder on the disk to measure (default: the temporary folder of the system)',
  )
  .option(
    '--corpus-dir <folder>',
    'where corpora are kept between runs (default: tillvault-corpora in --work-dir)',
  )
  .addCommand(createCompareCommand(), { isDefault: true })
  .addCommand(createScaleCommand())
  .addCommand(createMemoryCommand())
  .addCommand(createApiCommand())
  .addHelpText(
    'after',
    '\n"npm run bench -- compare --help" says what else can be chosen; "compare" itself may be left out.',
  )
  .showHelpAfterError();

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = error instanceof CancelledError ? STATUS_INTERRUPTED : 1;
  process.stderr.write(`\n${describeFailure(error)}\n`);
}

function describeFailure(error: unknown): string {
  if (error instanceof CancelledError) return 'Interrupted; everything temporary was removed';
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
