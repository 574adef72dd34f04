import { spawnSync } from 'node:child_process';
import type { Context } from 'mocha';

/** Skips the test, saying why, when something that it needs is not here; fails it with CI=true, where it must be. */
export function needs(test: Context, isHere: boolean, what: string): void {
  if (isHere) return;
  if (process.env.CI === 'true') throw new Error(`This test needs ${what}`);
  process.stdout.write(`      skipped: needs ${what}\n`);
  test.skip();
}

/** True when a program of this name can be started. */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', name]).status === 0;
}
