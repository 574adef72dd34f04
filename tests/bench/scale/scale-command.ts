import { Command, Option } from 'commander';
import { type AloneResult, caseOf, measureAlone, printAlone } from '../alone.js';
import type { CorpusContent } from '../corpora/corpus.js';
import { type BenchReport, type BenchSession, type CommonOptions, runSession } from '../session.js';
import type { LargeRepositorySize } from './large-repository.js';
import { type ManyBackupsChoice, measureManyBackups } from './many-backups.js';
import { measureOpening, printOpenings } from './open-repository.js';

/** The parts of the command. */
export const SCALE_PARTS = ['backups', 'files', 'open'] as const;
/** One of them. */
export type ScalePart = (typeof SCALE_PARTS)[number];

/** How much is measured; a part that is absent is left out. */
export interface ScaleChoice {
  backups?: ManyBackupsChoice;
  /** Numbers of files, ascending. */
  files?: readonly number[];
  open?: LargeRepositorySize;
}

const FULL: Required<ScaleChoice> = {
  backups: { tillBytes: 1e9, milestones: [1, 10, 100] },
  files: [10_000, 100_000, 1_000_000],
  open: { backups: 1000, chunks: 10_240_000 },
};
const QUICK: Required<ScaleChoice> = {
  backups: { tillBytes: 30e6, milestones: [1, 10, 30] },
  files: [1000, 10_000],
  open: { backups: 100, chunks: 1_024_000 },
};

/** `scale`: how time and memory grow with what is kept. */
export function createScaleCommand(): Command {
  return new Command('scale')
    .description('1, 10 and 100 backups of 1 GB; up to 1,000,000 files; a repository of 10 million chunks')
    .addOption(new Option('--part <part>', 'only this part').choices(SCALE_PARTS))
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<CommonOptions & { part?: ScalePart }>();
      const all = flags.quick ? QUICK : FULL;
      const choice: ScaleChoice = flags.part === undefined ? all : { [flags.part]: all[flags.part] };
      await runSession('scale', flags, (session) => runScale(choice, session));
    });
}

/** Measures the parts that were chosen. */
export async function runScale(choice: ScaleChoice, session: BenchSession): Promise<BenchReport> {
  const lines: string[] = [];
  const data: Record<string, unknown> = {};
  if (choice.backups) {
    const results = await measureManyBackups(choice.backups, session);
    data.backups = results;
    const size = `${choice.backups.tillBytes / 1e6} MB`;
    lines.push(
      `The till holds ${size}, and changes by 0.1 % before each backup:`,
      '',
      ...printAlone(results),
      '',
    );
  }
  if (choice.files) {
    const results: AloneResult[] = [];
    for (const count of choice.files) results.push(...(await measureFiles(count, session)));
    data.files = results;
    lines.push('Small files:', '', ...printAlone(results), '');
  }
  if (choice.open) {
    const openings = await measureOpening(choice.open, session);
    data.open = openings;
    lines.push(...printOpenings(openings), '');
  }
  return { data: { scale: data }, lines, programs: [`Node ${process.versions.node}`] };
}

function measureFiles(count: number, session: BenchSession): Promise<AloneResult[]> {
  const group = {
    folder: 'files/receipts',
    extension: 'txt',
    kind: 'receipt',
    count,
    minBytes: 100,
    maxBytes: 400,
  } as const;
  const content: CorpusContent = { databaseBytes: 0, groups: [group] };
  return measureAlone(caseOf(`${count.toLocaleString('en-US')} files`, content), session);
}
