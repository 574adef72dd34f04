#!/usr/bin/env node
/** The `tillvault` command. Messages for people go to standard error, results to standard output. */
import { Command } from 'commander';
import { ConfigError } from '../config.js';
import { AppError, CancelledError } from '../shared/errors.js';
import { createDemoCommand } from './demo-command.js';
import { createRecoverCommand } from './recover-command.js';
import { createTokenCommand } from './token-command.js';

const STATUS_FAILED = 1;
/** What a shell reports for a command that SIGINT ended. */
const STATUS_INTERRUPTED = 130;

const program = new Command('tillvault')
  .description('Backup and restore for point-of-sale systems')
  .addCommand(createDemoCommand())
  .addCommand(createTokenCommand())
  .addCommand(createRecoverCommand())
  .showHelpAfterError()
  .addHelpText(
    'after',
    `
The server itself is started with "npm start". Everything is configured by environment variables, or by a .env
file in the folder that the command is started in: README.md lists them. "tillvault recover" needs no server.`,
  );

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = error instanceof CancelledError ? STATUS_INTERRUPTED : STATUS_FAILED;
  process.stderr.write(`\n${describeFailure(error)}\n`);
}

function describeFailure(error: unknown): string {
  if (error instanceof AppError || error instanceof ConfigError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
