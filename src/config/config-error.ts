/**
 * The configuration cannot be used. `problems` holds one line for each thing that is wrong: the variable, what was
 * expected and what was found. Secrets are never in it.
 */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super([`The configuration has ${count}:`, ...problems.map((problem) => `  - ${problem}`)].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** One line of a ConfigError. `found` is left out for a variable that holds a secret. */
export function describeProblem(variable: string, expected: string, found?: string): string {
  return found === undefined
    ? `${variable}: expected ${expected}`
    : `${variable}: expected ${expected}, found ${found}`;
}

/** A value as it is shown in a problem: quoted, cut to 80 characters, and without the password of a URL. */
export function quoteValue(value: string): string {
  const shown = value.replace(/(\/\/)[^/?#]*@/, '$1…@');
  return JSON.stringify(shown.length > 80 ? `${shown.slice(0, 80)}…` : shown);
}
