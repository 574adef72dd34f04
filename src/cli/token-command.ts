import { Command, InvalidArgumentError, Option } from 'commander';
import { loadConfig, readEnvironment } from '../config.js';
import { systemClock } from '../shared/clock.js';
import { ConflictError } from '../shared/errors.js';
import { ROLES, type Role } from '../shared/operation.js';
import { systemRandom } from '../shared/random.js';
import { signToken } from './sign-token.js';

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const DEFAULT_LIFETIME_SECONDS = 12 * 3600;
const MAX_LIFETIME_SECONDS = 365 * 86_400;

/** `tillvault token`: prints a token that the server of this configuration accepts. */
export function createTokenCommand(): Command {
  return new Command('token')
    .description('Print a token for the API, signed with JWT_SECRET')
    .addOption(new Option('--role <role>', 'what the token allows').choices(ROLES).default('ADMIN'))
    .option(
      '--subject <name>',
      'who the token is for, as the audit log will show it',
      parseSubject,
      'operator',
    )
    .addOption(
      new Option('--expires <time>', 'how long it is valid: a number and s, m, h or d; 365d at most')
        .argParser(parseLifetime)
        .default(DEFAULT_LIFETIME_SECONDS, '12h'),
    )
    .addHelpText(
      'after',
      `
The token goes to standard output, everything else to standard error, so that this works:

  curl -H "Authorization: Bearer $(tillvault token)" ...

Run it in the folder, and with the environment, that the server is started with. It can sign only with a
JWT_SECRET: with JWT_PUBLIC_KEY or JWT_JWKS_URL the private key is not here, and the tokens come from whoever
holds it.`,
    )
    .action(({ role, subject, expires }: { role: Role; subject: string; expires: number }) => {
      printToken({ role, subject, expiresInSeconds: expires });
    });
}

/**
 * Seconds that a text such as `90s`, `30m`, `12h` or `7d` stands for.
 * @throws InvalidArgumentError for anything else, for 0 and for more than 365 days
 */
export function parseLifetime(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (SECONDS_PER_UNIT[unit] ?? 0);
  if (seconds < 1 || seconds > MAX_LIFETIME_SECONDS) {
    throw new InvalidArgumentError('Expected a number and s, m, h or d, such as 12h, and at most 365d.');
  }
  return seconds;
}

function parseSubject(text: string): string {
  if (text.trim() === '' || text.length > 120)
    throw new InvalidArgumentError('Expected 1 to 120 characters.');
  return text;
}

function printToken(wanted: { role: Role; subject: string; expiresInSeconds: number }): void {
  const cwd = process.cwd();
  const config = loadConfig(readEnvironment(cwd), { cwd, random: systemRandom });
  const { key, issuer, audience } = config.jwt;
  if (key.kind !== 'secret') {
    const variable = key.kind === 'jwks' ? 'JWT_JWKS_URL' : 'JWT_PUBLIC_KEY';
    throw new ConflictError(
      `Tokens are checked with ${variable}, and its private key is not here: ask whoever holds it for a token with a subject (sub) and a role (${wanted.role}), or set JWT_SECRET instead`,
    );
  }
  for (const { variable, file, isNew } of config.generatedSecrets) {
    if (isNew) process.stderr.write(`${variable} is not set: one was made and is kept in ${file}\n`);
  }
  process.stdout.write(`${signToken(key.secret, { ...wanted, issuer, audience }, systemClock)}\n`);
  process.stderr.write(
    `Valid for ${wanted.expiresInSeconds} seconds, for ${wanted.subject} as ${wanted.role}\n`,
  );
}
