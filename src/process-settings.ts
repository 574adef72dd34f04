import { setFlagsFromString } from 'node:v8';

/**
 * Sets up the server's process. To be called before the server is loaded.
 *
 * - Only this user may read what the process writes.
 * - The space for young objects stays at its first size, 1 MiB a half, in every thread. Left alone it grows to 16 while
 *   the program is loaded and never shrinks: 60 MB over both threads for nothing, since what is large here lies in
 *   buffers outside of it. A backup costs as much CPU time with either (docs/architecture.md has the figures).
 */
export function prepareProcess(): void {
  process.umask(0o077);
  setFlagsFromString('--semi-space-growth-factor=1');
}
