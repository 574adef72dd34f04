/**
 * Compares the contestants on one corpus. In each round every contestant starts anew, over one copy of the till that
 * all share; then step by step, one contestant after the other, each time in another order, so that what drifts on the
 * machine falls on all alike. What a restore has brought back is compared with the till, by everyone.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../../src/shared/errors.js';
import {
  type Contestant,
  type ContestantName,
  type Session,
  STEPS,
  type Step,
} from './contestants/contestant.js';
import { changeScattered, sellForADay } from './corpora/change-till.js';
import { type ContentDigest, digestTree, sizeOfTree } from './corpora/content-digest.js';
import type { Corpus } from './corpora/corpus-cache.js';
import type { Measurement } from './measure/measurement.js';
import { runProgram } from './measure/run-program.js';

/** One step of one contestant in one round. */
export interface StepResult extends Measurement {
  contestant: ContestantName;
  step: Step;
  /** From 1. */
  round: number;
  /** Size of everything stored when the step had ended; null where nothing is. */
  repositoryBytes: number | null;
  /** What the step added to that. */
  addedBytes: number | null;
}

/** All rounds over one corpus. */
export interface Comparison {
  corpus: Omit<Corpus, 'root'>;
  rounds: number;
  contestants: {
    name: ContestantName;
    title: string;
    version: string;
    syncs: string;
    idleBytes: number | null;
  }[];
  results: StepResult[];
}

/** What a comparison works with. */
export interface CompareOptions {
  contestants: readonly Contestant[];
  rounds: number;
  /** Absolute folder for everything temporary, on the disk that is measured. Emptied after each round. */
  folder: string;
  signal: AbortSignal;
  /** Told what is done now. */
  say(what: string): void;
}

/** @throws Error when a contestant fails, or restores something else than it was given; CancelledError */
export async function compare(corpus: Corpus, options: CompareOptions): Promise<Comparison> {
  const { root: _, ...described } = corpus;
  const contestants = options.contestants.map(({ open: __, ...contestant }) => ({
    ...contestant,
    idleBytes: null,
  }));
  const comparison: Comparison = { corpus: described, rounds: options.rounds, contestants, results: [] };
  for (let round = 1; round <= options.rounds; round++) {
    await new Round(corpus, options, { number: round, comparison }).run();
  }
  return comparison;
}

interface Entrant {
  contestant: Contestant;
  session: Session;
  repositoryBytes: number;
}

class Round {
  readonly #corpus: Corpus;
  readonly #options: CompareOptions;
  readonly #number: number;
  readonly #comparison: Comparison;
  readonly #folder: string;
  readonly #till: string;

  constructor(
    corpus: Corpus,
    options: CompareOptions,
    { number, comparison }: { number: number; comparison: Comparison },
  ) {
    this.#corpus = corpus;
    this.#options = options;
    this.#number = number;
    this.#comparison = comparison;
    this.#folder = join(options.folder, `round-${number}`);
    this.#till = join(this.#folder, 'till');
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    await mkdir(this.#folder, { recursive: true });
    const cleanup = new AsyncDisposableStack();
    cleanup.defer(() => rm(this.#folder, { recursive: true, force: true, maxRetries: 3 }));
    try {
      this.#say('copying the corpus');
      await runProgram({
        command: ['cp', '-a', this.#corpus.root, this.#till],
        folder: this.#folder,
        signal,
      });
      const entrants: Entrant[] = [];
      for (const contestant of this.#options.contestants) {
        const work = join(this.#folder, contestant.name);
        await mkdir(work);
        const session = cleanup.use(await contestant.open({ till: this.#till, work, signal }));
        entrants.push({ contestant, session, repositoryBytes: 0 });
        this.#noteIdle(contestant.name, session.idleBytes);
      }
      for (const [at, step] of STEPS.entries())
        await this.#runStep(step, rotate(entrants, this.#number + at));
    } finally {
      await cleanup.disposeAsync();
    }
  }

  async #runStep(step: Step, entrants: readonly Entrant[]): Promise<void> {
    if (!entrants.some(({ session }) => session.steps[step])) return;
    if (step === 'scattered') await changeScattered(this.#till, this.#number);
    if (step === 'day') await sellForADay(this.#till, this.#number);
    // Also puts everything into the page cache, for the first as for the last.
    const till = await this.#digest(this.#till);
    for (const entrant of entrants) {
      const { contestant, session } = entrant;
      const work = session.steps[step];
      if (!work) continue;
      throwIfCancelled(this.#options.signal);
      this.#say(`${step}: ${contestant.title}`);
      settle(this.#folder);
      const { seconds, cpuSeconds, peakBytes } = await work();
      const size = session.repository === null ? null : await sizeOfTree(session.repository);
      this.#comparison.results.push({
        contestant: contestant.name,
        step,
        round: this.#number,
        seconds,
        cpuSeconds,
        peakBytes,
        repositoryBytes: size,
        addedBytes: size === null ? null : size - entrant.repositoryBytes,
      });
      entrant.repositoryBytes = size ?? 0;
      if (step === 'restore') await this.#checkRestored(contestant, session, till);
    }
    if (step === 'live') assertSame('Tillvault, in the live place,', await this.#digest(this.#till), till);
  }

  async #checkRestored(contestant: Contestant, { restored }: Session, till: ContentDigest): Promise<void> {
    assertSame(contestant.title, await this.#digest(restored), till);
    await rm(restored, { recursive: true });
  }

  #digest(folder: string): Promise<ContentDigest> {
    return digestTree(folder, { withPaths: false, signal: this.#options.signal });
  }

  #noteIdle(name: ContestantName, idleBytes: number | null): void {
    const found = this.#comparison.contestants.find((contestant) => contestant.name === name);
    if (found && idleBytes !== null) found.idleBytes = Math.max(found.idleBytes ?? 0, idleBytes);
  }

  #say(what: string): void {
    this.#options.say(`${this.#corpus.name}, round ${this.#number} of ${this.#options.rounds}, ${what}`);
  }
}

function assertSame(who: string, found: ContentDigest, expected: ContentDigest): void {
  if (found.digest === expected.digest) return;
  const describe = ({ files, bytes }: ContentDigest) => `${files} files, ${bytes} bytes`;
  throw new Error(`${who} restored something else: expected ${describe(expected)}, found ${describe(found)}`);
}

/** Nobody shall pay for writes that somebody else has left to the operating system. */
function settle(folder: string): void {
  spawnSync('sync', ['--file-system', folder]);
}

function rotate<T>(items: readonly T[], by: number): T[] {
  const at = by % Math.max(1, items.length);
  return [...items.slice(at), ...items.slice(0, at)];
}
