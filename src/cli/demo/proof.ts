import { IntegrityError } from '../../shared/errors.js';

const SHOWN_PROBLEMS = 20;

/**
 * Ends a proof.
 * @param what what it means when there are problems
 * @throws IntegrityError that lists the first 20 of them
 */
export function assertProved(what: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  const shown = problems.slice(0, SHOWN_PROBLEMS).map((problem) => `  - ${problem}`);
  const rest = problems.length > SHOWN_PROBLEMS ? [`  and ${problems.length - SHOWN_PROBLEMS} more`] : [];
  throw new IntegrityError([`${what}: ${problems.length} differences`, ...shown, ...rest].join('\n'));
}
