/** What the hundredth backup costs beside the first: one till that changes a little before each. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AloneResult } from '../alone.js';
import { ignoreProgress, TillvaultServer } from '../contestants/tillvault-server.js';
import { sellALittle } from '../corpora/change-till.js';
import { sizeOfTree } from '../corpora/content-digest.js';
import { makeTill } from '../corpora/corpus-cache.js';
import type { BenchSession } from '../session.js';

/** How much is measured. */
export interface ManyBackupsChoice {
  /** Size of the till, nearly all of it database. */
  tillBytes: number;
  /** Which backups are reported, ascending, such as 1, 10, 100. */
  milestones: readonly number[];
}

/** At each milestone: the backup itself, a verification and a restore of it, and a start of the server. */
export async function measureManyBackups(
  { tillBytes, milestones }: ManyBackupsChoice,
  session: BenchSession,
): Promise<AloneResult[]> {
  const { signal, say } = session;
  const folder = join(session.folder, 'many-backups');
  const [till, work] = [join(folder, 'till'), join(folder, 'server')];
  const results: AloneResult[] = [];
  try {
    await mkdir(folder, { recursive: true });
    await makeTill(till, { databaseBytes: tillBytes, groups: [] }, { name: 'many backups', signal, say });
    let number = 0;
    for (const milestone of milestones) {
      await using server = await TillvaultServer.start({ till, folder: work, signal });
      const { client, idleBytes } = server;
      const note = async (operation: string, operate: () => Promise<{ id: string }>): Promise<string> => {
        say(`backup ${number} of ${milestones.at(-1)}: ${operation}`);
        const { result, ...measured } = await server.measure(operate);
        const repositoryBytes = await sizeOfTree(TillvaultServer.repositoryIn(work));
        results.push({ size: `${milestone}`, operation, ...measured, idleBytes, repositoryBytes });
        return result.id;
      };
      while (++number < milestone) {
        say(`backup ${number} of ${milestones.at(-1)}`);
        await client.backUp(`number ${number}`, ignoreProgress);
        await sellALittle(till, number);
      }
      const backupId = await note('backup', () => client.backUp(`number ${number}`, ignoreProgress));
      await note('verify', () => client.restore({ backupId, validateOnly: true }, ignoreProgress));
      await note('restore', () =>
        client.restore({ backupId, targetPath: `at-${milestone}` }, ignoreProgress),
      );
      await rm(join(work, 'restore', `at-${milestone}`), { recursive: true });
      await sellALittle(till, number);
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
  return results;
}
