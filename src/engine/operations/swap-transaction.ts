/**
 * Swaps the staged components of one restore, all or none of them, with a journal that lets the next process undo or
 * finish what this one leaves half-done (docs/adr/0007).
 */
import type { Component } from '../../shared/component.js';
import { AppError, throwIfCancelled } from '../../shared/errors.js';
import type { JournalEntry, RestoreJournal } from '../journal.js';
import type { PreparedSwap, Staging } from '../target.js';

/** One component, staged and checked. */
export interface StagedPart {
  component: Component;
  staging: Staging;
}

/** What a swap transaction works with. */
export interface SwapDeps {
  journal: RestoreJournal;
  /** Told of every step. */
  onStep: (phase: 'SWAPPING' | 'ROLLING_BACK', component: Component) => void;
  signal?: AbortSignal;
}

type PreparedPart = StagedPart & PreparedSwap;

/**
 * Puts every part live. When this resolves the restore stands.
 * @returns what there is to say of it, one sentence each
 * @param entry what the journal is to say, but for its state and parts
 * @throws what a swap throws, CancelledError; live data is then what it was, and `details.rolledBack` is true when it
 *   had been touched; UndoFailedError
 */
export async function swapAll(
  staged: readonly StagedPart[],
  entry: Omit<JournalEntry, 'state' | 'parts'>,
  deps: SwapDeps,
): Promise<string[]> {
  const parts = await prepareAll(staged, deps.signal);
  const swapping: JournalEntry = {
    ...entry,
    outcome: { ...entry.outcome, notices: listNotices(staged) },
    state: 'swapping',
    parts: parts.map(({ component, isFinal, plan }) => ({ component, isFinal, plan })),
  };
  await deps.journal.write(swapping);
  const isRecorded = await new SwapRun(parts, swapping, deps).run();
  // Without the record, what was kept and staged is what the next start decides by: it stays until then.
  if (isRecorded) await commitAll(parts);
  return listNotices(staged);
}

/** What could not be let go of is tried again, and told, when the restore is acknowledged: it stands all the same. */
async function commitAll(parts: readonly PreparedPart[]): Promise<void> {
  for (const { staging } of parts) await Promise.allSettled([staging.commit()]);
}

/** What there is to say of what is restored. After `prepare`. */
function listNotices(staged: readonly StagedPart[]): string[] {
  return staged.flatMap(({ staging }) => staging.notices ?? []);
}

/** In the order of the swaps: a final one last. */
async function prepareAll(staged: readonly StagedPart[], signal?: AbortSignal): Promise<PreparedPart[]> {
  const parts: PreparedPart[] = [];
  for (const part of staged) {
    throwIfCancelled(signal);
    parts.push({ ...part, ...(await part.staging.prepare(signal ? { signal } : {})) });
  }
  throwIfCancelled(signal);
  return parts.sort((a, b) => Number(a.isFinal) - Number(b.isFinal));
}

class SwapRun {
  readonly #parts: readonly PreparedPart[];
  readonly #swapping: JournalEntry;
  readonly #deps: SwapDeps;
  readonly #touched: PreparedPart[] = [];

  constructor(parts: readonly PreparedPart[], swapping: JournalEntry, deps: SwapDeps) {
    this.#parts = parts;
    this.#swapping = swapping;
    this.#deps = deps;
  }

  /** @returns false when the restore stands but the journal could not be told */
  async run(): Promise<boolean> {
    const { journal, signal } = this.#deps;
    const committed: JournalEntry = { ...this.#swapping, state: 'committed' };
    let hasFinal = false;
    let swapped = 0;
    try {
      for (const part of this.#parts) {
        throwIfCancelled(signal);
        this.#deps.onStep('SWAPPING', part.component);
        this.#touched.push(part);
        await part.staging.swap(signal ? { signal } : {});
        hasFinal = part.isFinal;
        swapped++;
      }
      if (!hasFinal) throwIfCancelled(signal);
      await journal.write(committed);
      return true;
    } catch (error) {
      if (hasFinal) return false; // the transaction of the final swap was the commit: the next start finds that out
      if (isUndecided(error))
        throw new UndoFailedError(
          this.#parts.map((part) => part.component),
          error,
        );
      await this.#rollBack(error);
      throw swapped > 0 ? withRollback(error) : error;
    }
  }

  /** Brings back every part that was swapped, or was at it, also when one of them fails. */
  async #rollBack(cause: unknown): Promise<void> {
    const failures: unknown[] = [];
    const lost: Component[] = [];
    for (const { component, staging } of [...this.#touched].reverse()) {
      this.#deps.onStep('ROLLING_BACK', component);
      try {
        await staging.undo();
      } catch (error) {
        failures.push(error);
        lost.push(component);
      }
    }
    if (lost.length > 0) throw new UndoFailedError(lost, new AggregateError([cause, ...failures]));
  }
}

/** True for a final swap that may have happened: the next start finds out, and goes on or back with the others. */
function isUndecided(error: unknown): boolean {
  return error instanceof AppError && error.details.undecided === true;
}

/** Says that live data had been touched, and was brought back. */
function withRollback(error: unknown): AppError {
  if (error instanceof AppError) {
    return new AppError(error.code, error.message, {
      cause: error,
      details: { ...error.details, rolledBack: true },
    });
  }
  const message = 'The restore failed while live data was replaced; the live data was brought back';
  return new AppError('INTERNAL_SERVER_ERROR', message, { cause: error, details: { rolledBack: true } });
}

/** Live data is not where it was. What was staged and kept is all there is: it stays, and so does the journal's entry. */
export class UndoFailedError extends AppError {
  constructor(components: readonly Component[], cause: unknown) {
    const names = components.join(', ');
    super(
      'INTERNAL_SERVER_ERROR',
      `The restore failed and the live data of ${names} could not be brought back yet; do not touch what is kept beside its place, in a folder ".tillvault-<restore>" or, on a database server, in a database "<name>_tillvault_old_<restore>": the server goes on trying, also after a restart`,
      { cause, details: { components, isStuck: true } },
    );
  }
}
