import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { askVersion, runMeasured } from '../measure/run-program.js';
import type { Contestant, Place, Session } from './contestant.js';

/** `$1` is the archive, `$2` the folder. The key is in the environment, not among the arguments. */
const BACK_UP = `set -o pipefail
tar --create --directory="$2" . | zstd -q -1 -T"$THREADS" | openssl enc -aes-256-ctr -pbkdf2 -pass env:KEY -out "$1"
sync "$1"`;
const RESTORE = `set -o pipefail
openssl enc -d -aes-256-ctr -pbkdf2 -pass env:KEY -in "$1" | zstd -q -d | tar --extract --directory="$2"
sync --file-system "$2"`;

/**
 * The limit: programs in C, one after the other in a pipe, that neither deduplicate nor authenticate nor check
 * anything. Null when one of them is not installed.
 */
export async function findPipeline(signal: AbortSignal): Promise<Contestant | null> {
  const tar = await askVersion(['tar', '--version'], signal);
  const zstd = await askVersion(['zstd', '--version'], signal);
  const openssl = await askVersion(['openssl', 'version'], signal);
  const bash = await askVersion(['bash', '--version'], signal);
  if (tar === null || zstd === null || openssl === null || bash === null) return null;
  return {
    name: 'pipeline',
    title: 'tar, zstd, openssl',
    version: `${tar}, zstd ${/v[\d.]+/.exec(zstd)?.[0] ?? ''}, ${/OpenSSL \S+/.exec(openssl)?.[0] ?? openssl}`,
    syncs: 'the archive, once at the end; restored files, once at the end',
    open: openSession,
  };
}

async function openSession({ till, work, signal }: Place): Promise<Session> {
  const repository = join(work, 'repository');
  const restored = join(work, 'restored');
  await mkdir(repository);
  await mkdir(restored);
  const environment = { KEY: 'a password of the benchmark', THREADS: String(availableParallelism()) };
  let number = 0;
  const archive = () => join(repository, `${number}.tar.zst.enc`);
  const bash = (script: string, folder: string) =>
    runMeasured({
      command: ['bash', '-c', script, 'bash', archive(), folder],
      folder: work,
      environment,
      signal,
    });
  const backUp = () => {
    number++;
    return bash(BACK_UP, till);
  };
  return {
    repository,
    restored,
    idleBytes: null,
    steps: { first: backUp, day: backUp, restore: () => bash(RESTORE, restored) },
    [Symbol.asyncDispose]: async () => {},
  };
}
