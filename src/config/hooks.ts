import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { describeProblem, quoteValue } from './config-error.js';
import type { Settings } from './settings.js';

/** A program with its arguments, for each moment; null: nothing. */
export interface HookCommands {
  readonly beforeBackup: HookProgram | null;
  readonly afterBackup: HookProgram | null;
  readonly beforeRestore: HookProgram | null;
  readonly afterRestore: HookProgram | null;
}
type HookProgram = readonly [program: string, ...args: string[]];

const EXPECTED = 'the absolute path of a program, or a JSON list of it and its arguments';

/** The hooks that the settings name. `problems` gets a line for each that cannot be run. */
export function readHooks(settings: Settings, problems: string[]): HookCommands {
  const read = (
    variable: 'HOOK_BEFORE_BACKUP' | 'HOOK_AFTER_BACKUP' | 'HOOK_BEFORE_RESTORE' | 'HOOK_AFTER_RESTORE',
  ): HookProgram | null => {
    const text = settings[variable];
    if (text === undefined) return null;
    const command = parseCommand(text);
    const problem = command === null ? EXPECTED : findProblem(command[0]);
    if (problem !== null) problems.push(describeProblem(variable, problem, quoteValue(text)));
    return command;
  };
  return {
    beforeBackup: read('HOOK_BEFORE_BACKUP'),
    afterBackup: read('HOOK_AFTER_BACKUP'),
    beforeRestore: read('HOOK_BEFORE_RESTORE'),
    afterRestore: read('HOOK_AFTER_RESTORE'),
  };
}

function parseCommand(text: string): HookProgram | null {
  const parts: unknown = text.trimStart().startsWith('[') ? parseJson(text) : [text];
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string' && !part.includes('\0'))) {
    return null;
  }
  const [program, ...args] = parts as string[];
  return program !== undefined && isAbsolute(program) ? [program, ...args] : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // told as a value of another form
  }
}

function findProblem(program: string): string | null {
  try {
    accessSync(program, constants.X_OK);
    return statSync(program).isFile() ? null : 'a program, not a folder';
  } catch {
    return 'a program that is there and may be executed';
  }
}
