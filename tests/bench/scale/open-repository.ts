/** How long a large repository takes to open, and how much memory: by the engine alone, and at the server's start. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENCRYPTION_KEY, TillvaultServer } from '../contestants/tillvault-server.js';
import { makeTill } from '../corpora/corpus-cache.js';
import { cpuSeconds, peakBytes } from '../measure/process-usage.js';
import { runMeasured } from '../measure/run-program.js';
import { printMegabytes, printSeconds, printTable } from '../report/markdown-table.js';
import type { BenchSession } from '../session.js';
import { type LargeRepositorySize, makeLargeRepository } from './large-repository.js';

const PROGRAM = fileURLToPath(new URL('./open-repository-program.js', import.meta.url));
const ENGINE_RUNS = 3;
const MOST_SECONDS = 2;
const MOST_BYTES = 300e6;

/** One opening. */
export interface OpeningResult {
  how: string;
  seconds: number;
  cpuSeconds: number | null;
  /** Before it was opened; null for a server, which opens it at its start. */
  idleBytes: number | null;
  peakBytes: number | null;
}

/** All openings of one repository. */
export interface Openings {
  backups: number;
  chunks: number;
  results: OpeningResult[];
}

/** Makes a repository and opens it: by the engine, at a first start of a server that lists every backup, and again. */
export async function measureOpening(size: LargeRepositorySize, session: BenchSession): Promise<Openings> {
  const { signal, say } = session;
  const folder = join(session.folder, 'large');
  const work = join(folder, 'server');
  const repository = TillvaultServer.repositoryIn(work);
  const results: OpeningResult[] = [];
  try {
    await mkdir(repository, { recursive: true });
    say(`making a repository of ${size.backups} backups and ${size.chunks} chunks`);
    const chunks = await makeLargeRepository(repository, size, signal);
    for (let run = 1; run <= ENGINE_RUNS; run++) {
      say(`opening it, run ${run} of ${ENGINE_RUNS}`);
      const command = [process.execPath, PROGRAM, repository, ENCRYPTION_KEY] as const;
      const { output } = await runMeasured({ command, folder, signal });
      const opened = JSON.parse(output) as OpeningResult & { chunks: number; snapshots: number };
      if (opened.chunks !== chunks || opened.snapshots !== size.backups)
        throw new Error(`Opened wrongly: ${output}`);
      const { seconds, cpuSeconds: cpu, idleBytes, peakBytes: peak } = opened;
      results.push({ how: `engine, run ${run}`, seconds, cpuSeconds: cpu, idleBytes, peakBytes: peak });
    }
    const till = join(folder, 'till');
    await makeTill(till, { databaseBytes: 0, groups: [] }, { name: 'of nothing', signal, say });
    results.push(await startServer('server, first start', { till, work }, session));
    results.push(await startServer('server, start', { till, work }, session));
    return { backups: size.backups, chunks, results };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function startServer(
  how: string,
  { till, work }: { till: string; work: string },
  { signal, say }: BenchSession,
): Promise<OpeningResult> {
  say(how);
  const startedAt = performance.now();
  await using server = await TillvaultServer.start({ till, folder: work, signal });
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    how,
    seconds,
    cpuSeconds: cpuSeconds(server.pid),
    idleBytes: null,
    peakBytes: peakBytes(server.pid),
  };
}

/** The openings as a table, with the bar for the engine. */
export function printOpenings({ backups, chunks, results }: Openings): string[] {
  const rows = results.map(({ how, seconds, cpuSeconds: cpu, idleBytes, peakBytes: peak }) => [
    how,
    printSeconds(seconds),
    printSeconds(cpu),
    printMegabytes(idleBytes),
    printMegabytes(peak),
    !how.startsWith('engine') ? '' : seconds <= MOST_SECONDS && (peak ?? 0) <= MOST_BYTES ? 'met' : 'MISSED',
  ]);
  const bar = `within ${MOST_SECONDS} s, ${MOST_BYTES / 1e6} MB`;
  const count = (number: number) => number.toLocaleString('en-US');
  return [
    `Opening a repository of ${count(backups)} backups and ${count(chunks)} chunks:`,
    '',
    ...printTable([['', 'seconds', 'CPU seconds', 'before, MB', 'peak memory, MB', bar], ...rows]),
  ];
}
