import { Command, InvalidArgumentError, Option } from 'commander';
import { type Comparison, compare } from './compare.js';
import { CONTESTANT_NAMES, type ContestantName } from './contestants/contestant.js';
import { findContestants } from './contestants/find-contestants.js';
import { CORPUS_NAMES, CORPUS_SIZES, type CorpusName, type CorpusSize } from './corpora/corpus.js';
import { openCorpus } from './corpora/corpus-cache.js';
import { judge } from './report/bars.js';
import { printComparison } from './report/comparison-report.js';
import { type BenchReport, type BenchSession, type CommonOptions, runSession } from './session.js';

const MAX_ROUNDS = 100;
const QUICK_CORPORA: readonly CorpusName[] = ['mix', 'small-files'];

/** What can be chosen. */
export interface ComparisonChoice {
  corpora: readonly CorpusName[];
  size: CorpusSize;
  peers: readonly ContestantName[];
  rounds: number;
}

interface CompareFlags extends CommonOptions {
  only?: CorpusName[];
  size?: CorpusSize;
  peers?: ContestantName[];
  runs?: number;
}

/** `compare`: Tillvault beside its peers. */
export function createCompareCommand(): Command {
  return new Command('compare')
    .description(
      'Tillvault through its server, beside restic, borg, tar and others that are installed (default)',
    )
    .addOption(
      new Option(
        '--only <corpora>',
        `of ${CORPUS_NAMES.join(', ')} (with --quick: ${QUICK_CORPORA.join(', ')})`,
      ).argParser(parseNames(CORPUS_NAMES)),
    )
    .addOption(
      new Option('--peers <names>', `of ${CONTESTANT_NAMES.join(', ')}`).argParser(
        parseNames(CONTESTANT_NAMES),
      ),
    )
    .addOption(
      new Option('--runs <number>', 'runs of everything (default: 3, with --quick 1)').argParser(parseRounds),
    )
    .addOption(
      new Option('--size <size>', 'of the corpora (default: full, with --quick quick)').choices(CORPUS_SIZES),
    )
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<CompareFlags>();
      const choice: ComparisonChoice = {
        corpora: flags.only ?? (flags.quick ? QUICK_CORPORA : CORPUS_NAMES),
        size: flags.size ?? (flags.quick ? 'quick' : 'full'),
        peers: flags.peers ?? CONTESTANT_NAMES,
        rounds: flags.runs ?? (flags.quick ? 1 : 3),
      };
      await runSession('compare', flags, (session) => runComparisons(choice, session));
    });
}

/** Compares on each corpus that was chosen. */
export async function runComparisons(choice: ComparisonChoice, session: BenchSession): Promise<BenchReport> {
  const { signal, say, folder, corpusFolder } = session;
  const wanted = [...new Set<ContestantName>(['tillvault', ...choice.peers])];
  const { contestants, missing } = await findContestants(wanted, signal);
  if (missing.length > 0) say(`not installed, and left out: ${missing.join(', ')}`);
  const comparisons: Comparison[] = [];
  for (const name of choice.corpora) {
    const corpus = await openCorpus(name, choice.size, { folder: corpusFolder, signal, say });
    comparisons.push(await compare(corpus, { contestants, rounds: choice.rounds, folder, signal, say }));
  }
  return {
    data: { comparisons: comparisons.map((comparison) => ({ ...comparison, bars: judge(comparison) })) },
    lines: comparisons.flatMap((comparison) => [...printComparison(comparison), '']),
    programs: [...new Set(contestants.map(({ version }) => version))],
  };
}

function parseNames<Name extends string>(known: readonly Name[]): (text: string) => Name[] {
  return (text) => {
    const names = text.split(',').map((name) => name.trim());
    const unknown = names.filter((name) => !known.includes(name as Name));
    if (unknown.length > 0) {
      throw new InvalidArgumentError(
        `Expected some of ${known.join(', ')}, separated by commas; found ${unknown.join(', ')}.`,
      );
    }
    return names as Name[];
  };
}

function parseRounds(text: string): number {
  const rounds = Number(text);
  if (/^\d{1,3}$/.test(text) && rounds >= 1 && rounds <= MAX_ROUNDS) return rounds;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${MAX_ROUNDS}.`);
}
