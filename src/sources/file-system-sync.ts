import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { StorageError } from '../shared/errors.js';

const run = promisify(execFile);

/** Makes everything durable that was written to one file system. */
export interface FileSystemSync {
  /**
   * True when this machine can sync the file system of `folder` as a whole: GNU coreutils' `sync -f`, which calls
   * syncfs(2), and reports what could not be written back (Linux 5.8 and later).
   */
  isPossible(folder: string): Promise<boolean>;
  /** @throws StorageError when something could not be written back */
  sync(folder: string): Promise<void>;
}

/** The real one. Other systems, and BusyBox without `-f`, have no such program: then `isPossible` is false. */
export const fileSystemSync: FileSystemSync = {
  async isPossible(folder) {
    try {
      await runSync(folder);
      return true;
    } catch {
      return false; // then every file is synced by itself, which fails in its own words
    }
  },
  async sync(folder) {
    try {
      await runSync(folder);
    } catch (cause) {
      throw new StorageError(
        'SERVICE_UNAVAILABLE',
        'The file system of the staged copy could not be synced, check its disk',
        { cause },
      );
    }
  },
};

async function runSync(folder: string): Promise<void> {
  if (process.platform !== 'linux') throw new Error('Only Linux can sync one file system');
  await run('sync', ['-f', '--', folder], { env: { PATH: '/usr/bin:/bin' } });
}
