import { join } from 'node:path';
import { askVersion, runMeasured } from '../measure/run-program.js';
import type { Contestant, Place, Session } from './contestant.js';

/** `cp -a`, as the limit of a restore: nothing is decrypted, decompressed or checked. Null when not installed. */
export async function findCopy(signal: AbortSignal): Promise<Contestant | null> {
  const version = await askVersion(['cp', '--version'], signal);
  if (version === null) return null;
  return {
    name: 'cp',
    title: 'cp -a',
    version,
    syncs: 'nothing',
    open: (place) => openSession(place, 'cp -a "$1" "$2"'),
  };
}

/** `cp -a`, and then what was copied is made durable, once for all files. */
export async function findSyncedCopy(signal: AbortSignal): Promise<Contestant | null> {
  const copy = await findCopy(signal);
  return (
    copy && {
      ...copy,
      name: 'cp-synced',
      title: 'cp -a; sync',
      syncs: 'everything, once at the end',
      open: (place) => openSession(place, 'cp -a "$1" "$2" && sync --file-system "$2"'),
    }
  );
}

async function openSession({ till, work, signal }: Place, script: string): Promise<Session> {
  const restored = join(work, 'restored');
  const command = ['bash', '-c', script, 'bash', till, restored] as const;
  return {
    repository: null,
    restored,
    idleBytes: null,
    steps: { restore: () => runMeasured({ command, folder: work, signal }) },
    [Symbol.asyncDispose]: async () => {},
  };
}
