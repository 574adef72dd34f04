/** Puts right what dead processes left of restores (docs/adr/0007). */
import type { Component } from '../../shared/component.js';
import { invariant } from '../../shared/errors.js';
import type { RecoveredRestore, UnendedRestore } from '../engine.js';
import type { JournalEntry, JournalPart, RestoreJournal } from '../journal.js';
import { parsePath } from '../snapshot/paths.js';
import type { SwapFinding, Target } from '../target.js';

/** What the recovery works with. */
export interface RecoverDeps {
  journal: RestoreJournal;
  createTargets: (targetFolder: string | null) => ReadonlyMap<Component, Target>;
  /** Told of what cannot be removed yet. */
  onWarning: (message: string) => void;
}

/**
 * Undoes or finishes every restore that the journal names, and removes what the other `unended` ones staged.
 * May be interrupted anywhere and called again. Entries stay until they are acknowledged and nothing is left of them.
 */
export async function recoverRestores(
  deps: RecoverDeps,
  unended: readonly UnendedRestore[],
): Promise<RecoveredRestore[]> {
  const recovered: RecoveredRestore[] = [];
  const known = new Set<string>();
  for (const entry of await deps.journal.list()) {
    known.add(entry.restoreId);
    if (entry.state === 'leftover') await removeLeftover(deps, entry);
    else recovered.push(toRecovered(await putRight(deps, entry)));
  }
  for (const restore of unended) {
    if (!known.has(restore.restoreId)) await removeLeftover(deps, leftoverOf(restore));
  }
  return recovered;
}

/**
 * Removes a restore's entry, and what is left of it. One that could not be brought to its end when it ran is brought
 * there first. What earlier restores left is tried again.
 * @throws as `recoverRestores`; the entry stays then
 */
export async function acknowledgeRestore(deps: RecoverDeps, restore: UnendedRestore): Promise<void> {
  const entries = await deps.journal.list();
  const entry = entries.find(({ restoreId }) => restoreId === restore.restoreId);
  if (entry === undefined) await removeLeftover(deps, leftoverOf(restore));
  else await removeLeftover(deps, await endedEntry(deps, entry));
  for (const other of entries) {
    if (other.state === 'leftover' && other !== entry) await removeLeftover(deps, other);
  }
}

/** The entry of a restore that has ended, as one of which something may be left. */
async function endedEntry(deps: RecoverDeps, entry: JournalEntry): Promise<JournalEntry> {
  if (entry.state === 'leftover') return entry;
  const { end } = await putRight(deps, entry);
  // Of a restore that was undone, only what a final swap staged may be left: the others removed theirs.
  const parts = end === 'completed' ? entry.parts : entry.parts.filter(({ isFinal }) => isFinal);
  return { ...entry, state: 'leftover', parts, staged: entry.parts.map(({ component }) => component) };
}

/** A restore whose swap has been put right, as the journal has it. */
interface EndedRestore {
  entry: JournalEntry;
  end: RecoveredRestore['end'];
}

/** Undoes a swap that does not stand, and notes one that does. */
async function putRight({ journal, createTargets }: RecoverDeps, entry: JournalEntry): Promise<EndedRestore> {
  if (entry.state === 'committed') return { entry, end: 'completed' };
  const targets = createTargets(entry.targetFolder);
  const finding = await findCommit(entry.parts, targets);
  if (finding?.hasHappened) {
    const notices = [...(entry.outcome.notices ?? []), ...finding.notices];
    const committed: JournalEntry = { ...entry, state: 'committed', outcome: { ...entry.outcome, notices } };
    await journal.write(committed);
    return { entry: committed, end: 'completed' };
  }
  // What a final swap staged is what tells whether it happened: it goes when the others are back.
  for (const part of [...entry.parts].filter(({ isFinal }) => !isFinal).reverse()) {
    await targetOf(part, targets).undoSwap(part.plan);
  }
  return { entry, end: 'rolledBack' };
}

/** Best effort: nothing depends on what is left, so that it must not hold up anything. The entry stays while it is there. */
async function removeLeftover(
  { journal, createTargets, onWarning }: RecoverDeps,
  entry: JournalEntry,
): Promise<void> {
  const { restoreId, parts, staged, paths } = entry;
  try {
    const targets = createTargets(entry.targetFolder);
    for (const part of parts) await targetOf(part, targets).finishSwap(part.plan);
    const stagedPaths = paths?.map(parsePath) ?? null;
    for (const component of staged ?? []) {
      await targetOf({ component }, targets).removeStaging(restoreId, stagedPaths);
    }
  } catch (error) {
    await journal.write(entry);
    const reason = error instanceof Error ? error.message : String(error);
    onWarning(`What restore ${restoreId} replaced or staged cannot be removed yet: ${reason}`);
    return;
  }
  await journal.remove(restoreId);
}

/** What may be left of a restore that swapped nothing. */
function leftoverOf({ restoreId, components, targetFolder, paths }: UnendedRestore): JournalEntry {
  const outcome = { validated: false, restoredFiles: 0, skippedFiles: 0, restoredBytes: 0, notices: [] };
  const what = { restoreId, backupId: '', targetFolder, outcome, paths };
  return { ...what, state: 'leftover', parts: [], staged: components };
}

function toRecovered({ entry, end }: EndedRestore): RecoveredRestore {
  const { restoreId, backupId, targetFolder, paths } = entry;
  const outcome = { ...entry.outcome, notices: entry.outcome.notices ?? [] }; // an older version wrote none
  const components = entry.parts.map(({ component }) => component);
  return { restoreId, components, targetFolder, paths: paths ?? null, backupId, end, outcome };
}

/** Null without a final swap, which alone can have happened unknown to the journal. */
async function findCommit(
  parts: readonly JournalPart[],
  targets: ReadonlyMap<Component, Target>,
): Promise<SwapFinding | null> {
  const final = parts.find(({ isFinal }) => isFinal);
  return final === undefined ? null : targetOf(final, targets).hasSwapped(final.plan);
}

function targetOf(
  { component }: Pick<JournalPart, 'component'>,
  targets: ReadonlyMap<Component, Target>,
): Target {
  const target = targets.get(component);
  invariant(target, 'every component has a target');
  return target;
}
