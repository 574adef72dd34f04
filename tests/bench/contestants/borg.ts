import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { askVersion, runMeasured } from '../measure/run-program.js';
import type { Contestant, Place, Session } from './contestant.js';

/** borg 1 with `repokey` and zstd level 1. Null when not installed, and for borg 2, whose commands are others. */
export async function findBorg(signal: AbortSignal): Promise<Contestant | null> {
  const version = await askVersion(['borg', '--version'], signal);
  if (version === null || !/^borg 1\./.test(version)) return null;
  return {
    name: 'borg',
    title: 'borg (zstd,1)',
    version,
    syncs: 'every segment of the repository; restored files not',
    open: openSession,
  };
}

async function openSession({ till, work, signal }: Place): Promise<Session> {
  const repository = join(work, 'repository');
  const restored = join(work, 'restored');
  await mkdir(restored);
  const environment = {
    BORG_REPO: repository,
    BORG_PASSPHRASE: 'a password of the benchmark',
    BORG_BASE_DIR: join(work, 'base'),
  };
  const borg = (folder: string, ...words: string[]) =>
    runMeasured({ command: ['borg', ...words], folder, environment, signal });
  await borg(till, 'init', '--encryption', 'repokey');
  let number = 0;
  const backUp = () => borg(till, 'create', '--compression', 'zstd,1', `::${++number}`, '.');
  return {
    repository,
    restored,
    idleBytes: null,
    steps: {
      first: backUp,
      unchanged: backUp,
      verify: () => borg(till, 'check', '--verify-data'),
      scattered: backUp,
      day: backUp,
      restore: () => borg(restored, 'extract', `::${number}`),
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
