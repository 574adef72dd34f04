import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Command } from 'commander';
import { type AloneCase, measureAlone, printAlone } from './alone.js';
import { databaseIn, makeTill } from './corpora/corpus-cache.js';
import { BYTES_PER_SALE, makeSalesDatabase } from './corpora/sales-database.js';
import { runMeasured } from './measure/run-program.js';
import { type BenchReport, type BenchSession, type CommonOptions, runSession } from './session.js';

const GB = 1e9;
/** What of a database is sales; the rest are zeros, in holes of the file. */
const REAL_SHARE = 0.2;
/** So large that most of a page of zeros is a hole. */
const PAGE_BYTES = 65_536;

/** `memory`: the server's memory over databases of growing size. */
export function createMemoryCommand(): Command {
  return new Command('memory')
    .description(
      'peak memory over a 1 GB and a 10 GB database, a fifth of it real and the rest in holes of the file',
    )
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<CommonOptions>();
      const sizes = flags.quick ? [0.05 * GB, 0.5 * GB] : [GB, 10 * GB];
      await runSession('memory', flags, (session) => runMemory(sizes, session));
    });
}

/** Measures a database of each size. */
export async function runMemory(sizes: readonly number[], session: BenchSession): Promise<BenchReport> {
  const results = [];
  for (const bytes of sizes) results.push(...(await measureAlone(createCase(bytes), session)));
  return {
    data: { memory: results },
    lines: printAlone(results),
    programs: [`Node ${process.versions.node}`],
  };
}

function createCase(bytes: number): AloneCase {
  return {
    size: `${bytes / GB} GB`,
    make: async (root, session) => {
      const { signal, say } = session;
      await makeTill(root, { databaseBytes: 0, groups: [] }, { name: 'memory', signal, say });
      const path = `${databaseIn(root)}.sparse`;
      await mkdir(dirname(path), { recursive: true });
      say(`making a database of ${bytes / GB} GB`);
      const sales = Math.ceil((bytes * REAL_SHARE) / BYTES_PER_SALE);
      await makeSalesDatabase(
        path,
        { sales, pageBytes: PAGE_BYTES, zeroBytes: bytes * (1 - REAL_SHARE) },
        signal,
      );
      await digHoles(path, databaseIn(root), session);
    },
  };
}

/** Puts the database into its place, with holes where it holds zeros. */
async function digHoles(from: string, to: string, { folder, signal }: BenchSession): Promise<void> {
  await runMeasured({ command: ['cp', '--sparse=always', from, to], folder, signal });
  await runMeasured({ command: ['rm', from], folder, signal });
}
