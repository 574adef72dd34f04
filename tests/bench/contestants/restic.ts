import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { askVersion, runMeasured } from '../measure/run-program.js';
import type { Contestant, Place, Session } from './contestant.js';

/** restic, with its defaults: encryption, compression `auto` (zstd), a cache of its own. Null when not installed. */
export async function findRestic(signal: AbortSignal): Promise<Contestant | null> {
  const version = await askVersion(['restic', 'version'], signal);
  if (version === null) return null;
  return {
    name: 'restic',
    title: 'restic',
    version: /restic \S+/.exec(version)?.[0] ?? version,
    syncs: 'every file of the repository; restored files not',
    open: openSession,
  };
}

async function openSession({ till, work, signal }: Place): Promise<Session> {
  const repository = join(work, 'repository');
  const restored = join(work, 'restored');
  await mkdir(join(work, 'temp'));
  const environment = {
    RESTIC_REPOSITORY: repository,
    RESTIC_PASSWORD: 'a password of the benchmark',
    RESTIC_CACHE_DIR: join(work, 'cache'),
    TMPDIR: join(work, 'temp'),
  };
  const restic = (...words: string[]) =>
    runMeasured({ command: ['restic', ...words], folder: till, environment, signal });
  await restic('init', '--repository-version', '2');
  const backUp = () => restic('backup', '--quiet', '.');
  return {
    repository,
    restored,
    idleBytes: null,
    steps: {
      first: backUp,
      unchanged: backUp,
      verify: () => restic('check', '--read-data'),
      scattered: backUp,
      day: backUp,
      restore: () => restic('restore', 'latest', '--target', restored),
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
