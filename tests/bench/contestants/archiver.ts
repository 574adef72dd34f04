import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMeasured } from '../measure/run-program.js';
import type { Contestant, Place, Session } from './contestant.js';

const PROGRAM = fileURLToPath(new URL('./archiver-program.js', import.meta.url));

/** `archiver` through a cipher, in a process of its own: what a Node developer would write. It only backs up. */
export async function findArchiver(): Promise<Contestant> {
  const { version } = JSON.parse(
    await readFile(new URL('package.json', import.meta.resolve('archiver')), 'utf8'),
  ) as { version: string };
  return {
    name: 'archiver',
    title: 'archiver, AES-GCM',
    version: `archiver ${version}, Node ${process.versions.node}`,
    syncs: 'the archive, once at the end',
    open: openSession,
  };
}

async function openSession({ till, work, signal }: Place): Promise<Session> {
  const repository = join(work, 'repository');
  await mkdir(repository);
  const command = [process.execPath, PROGRAM, till, join(repository, 'backup.tar.gz.enc')] as const;
  return {
    repository,
    restored: join(work, 'restored'),
    idleBytes: null,
    steps: { first: () => runMeasured({ command, folder: work, signal }) },
    [Symbol.asyncDispose]: async () => {},
  };
}
