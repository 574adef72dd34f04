import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Measurement } from '../measure/measurement.js';
import type { Contestant, Place, Session } from './contestant.js';
import { ignoreProgress, TillvaultServer } from './tillvault-server.js';

const RESTORED = 'restored';

/** Tillvault through its server: from the request to the last event of the progress. */
export async function findTillvault(): Promise<Contestant> {
  const text = await readFile(new URL('../../../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return {
    name: 'tillvault',
    title: 'Tillvault',
    version: `Tillvault ${version}, Node ${process.versions.node}`,
    syncs: 'every object and its folder before what names it; every restored file and folder',
    open: openSession,
  };
}

async function openSession({ till, work, signal }: Place): Promise<Session> {
  const server = await TillvaultServer.start({ till, folder: work, signal });
  const { client } = server;
  let latest = '';
  const backUp = async (): Promise<Measurement> => {
    const measured = await server.measure(() => client.backUp('benchmark', ignoreProgress));
    latest = measured.result.id;
    return measured;
  };
  const restore = (wish: { targetPath?: string; validateOnly?: boolean }) =>
    server.measure(() => client.restore({ backupId: latest, ...wish }, ignoreProgress));
  return {
    repository: TillvaultServer.repositoryIn(work),
    restored: join(work, 'restore', RESTORED),
    idleBytes: server.idleBytes,
    steps: {
      first: backUp,
      unchanged: backUp,
      verify: () => restore({ validateOnly: true }),
      scattered: backUp,
      day: backUp,
      restore: () => restore({ targetPath: RESTORED }),
      live: () => restore({}),
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
