/** Measures a server alone, at one size after the other: how time and memory grow. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreProgress, TillvaultServer } from './contestants/tillvault-server.js';
import { sizeOfTree } from './corpora/content-digest.js';
import { type CorpusContent } from './corpora/corpus.js';
import { makeTill } from './corpora/corpus-cache.js';
import type { Measurement } from './measure/measurement.js';
import { printMegabytes, printSeconds, printTable } from './report/markdown-table.js';
import type { BenchSession } from './session.js';

/** One operation at one size. */
export interface AloneResult extends Measurement {
  /** Such as `10 GB`. */
  size: string;
  /** Such as `first backup`. */
  operation: string;
  idleBytes: number | null;
  /** Size of the repository afterwards, in bytes. */
  repositoryBytes: number;
}

/** A till to measure with. */
export interface AloneCase {
  size: string;
  /** Makes the till at `root`. */
  make(root: string, session: BenchSession): Promise<void>;
}

/** A till of `content`. */
export function caseOf(size: string, content: CorpusContent): AloneCase {
  return { size, make: (root, { signal, say }) => makeTill(root, content, { name: size, signal, say }) };
}

/** First backup, the same again, verification, restore into a folder: each measured on a server of its own. */
export async function measureAlone({ size, make }: AloneCase, session: BenchSession): Promise<AloneResult[]> {
  const { signal, say } = session;
  const folder = join(session.folder, 'alone');
  const till = join(folder, 'till');
  const results: AloneResult[] = [];
  try {
    await mkdir(folder, { recursive: true });
    await make(till, session);
    await using server = await TillvaultServer.start({ till, folder: join(folder, 'server'), signal });
    const repository = TillvaultServer.repositoryIn(join(folder, 'server'));
    const measure = async (operation: string, work: () => Promise<{ id: string }>): Promise<string> => {
      say(`${size}: ${operation}`);
      const { result, ...measured } = await server.measure(work);
      const repositoryBytes = await sizeOfTree(repository);
      results.push({ size, operation, ...measured, idleBytes: server.idleBytes, repositoryBytes });
      return result.id;
    };
    const { client } = server;
    await measure('first backup', () => client.backUp('first', ignoreProgress));
    const backupId = await measure('nothing changed', () => client.backUp('again', ignoreProgress));
    await measure('verify', () => client.restore({ backupId, validateOnly: true }, ignoreProgress));
    await measure('restore into a folder', () =>
      client.restore({ backupId, targetPath: 'restored' }, ignoreProgress),
    );
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
  return results;
}

/** The results as a table. */
export function printAlone(results: readonly AloneResult[]): string[] {
  const rows = results.map(
    ({ size, operation, seconds, cpuSeconds, peakBytes, idleBytes, repositoryBytes }) => [
      size,
      operation,
      printSeconds(seconds),
      printSeconds(cpuSeconds),
      printMegabytes(peakBytes),
      printMegabytes(idleBytes),
      printMegabytes(repositoryBytes),
    ],
  );
  const heading = [
    'Size',
    'operation',
    'seconds',
    'CPU seconds',
    'peak memory, MB',
    'idle, MB',
    'repository, MB',
  ];
  return printTable([heading, ...rows]);
}
