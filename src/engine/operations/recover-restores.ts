/** Puts right what dead processes left of restores (docs/adr/0007). */
import type { Component } from '../../shared/component.js';
import { invariant } from '../../shared/errors.js';
import type { RecoveredRestore, UnendedRestore } from '../engine.js';
import type { JournalEntry, JournalPart, RestoreJournal } from '../journal.js';
import type { Target } from '../target.js';

/** What the recovery works with. */
export interface RecoverDeps {
  journal: RestoreJournal;
  createTargets: (targetFolder: string | null) => ReadonlyMap<Component, Target>;
}

/**
 * Undoes or finishes every restore that the journal names, and removes what the other `unended` ones staged.
 * May be interrupted anywhere and called again. Entries stay until they are acknowledged.
 */
export async function recoverRestores(
  { journal, createTargets }: RecoverDeps,
  unended: readonly UnendedRestore[],
): Promise<RecoveredRestore[]> {
  const recovered: RecoveredRestore[] = [];
  for (const entry of await journal.list()) {
    const targets = createTargets(entry.targetFolder);
    const end = await recoverOne(entry, targets, journal);
    const { restoreId, backupId, targetFolder } = entry;
    const outcome = { ...entry.outcome, notices: entry.outcome.notices ?? [] }; // an older version wrote none
    const components = entry.parts.map(({ component }) => component);
    recovered.push({ restoreId, components, targetFolder, backupId, end, outcome });
  }
  const known = new Set(recovered.map(({ restoreId }) => restoreId));
  for (const restore of unended) {
    if (!known.has(restore.restoreId)) await removeStaging(restore, createTargets);
  }
  return recovered;
}

async function removeStaging(
  { restoreId, components, targetFolder }: UnendedRestore,
  createTargets: RecoverDeps['createTargets'],
): Promise<void> {
  const targets = createTargets(targetFolder);
  for (const component of components) await targets.get(component)?.removeStaging(restoreId);
}

/**
 * Removes a restore's entry. One that could not be brought to its end when it ran is brought there first.
 * @throws as `recoverRestores`; the entry stays then
 */
export async function acknowledgeRestore(deps: RecoverDeps, restore: UnendedRestore): Promise<void> {
  const { restoreId } = restore;
  const entry = (await deps.journal.list()).find((known) => known.restoreId === restoreId);
  if (entry === undefined) return removeStaging(restore, deps.createTargets);
  if (entry.state === 'swapping')
    await recoverOne(entry, deps.createTargets(entry.targetFolder), deps.journal);
  await deps.journal.remove(restoreId);
}

async function recoverOne(
  entry: JournalEntry,
  targets: ReadonlyMap<Component, Target>,
  journal: RestoreJournal,
): Promise<RecoveredRestore['end']> {
  const stands = entry.state === 'committed' || (await hasCommitted(entry.parts, targets));
  if (!stands) {
    // What a final swap staged is what tells whether it happened: it goes when the others are back.
    for (const part of [...entry.parts].filter(({ isFinal }) => !isFinal).reverse()) {
      await targetOf(part, targets).undoSwap(part.plan);
    }
  } else if (entry.state !== 'committed') {
    await journal.write({ ...entry, state: 'committed' });
  }
  for (const part of entry.parts) {
    if (stands || part.isFinal) await targetOf(part, targets).finishSwap(part.plan);
  }
  for (const part of entry.parts) await targetOf(part, targets).removeStaging(entry.restoreId);
  return stands ? 'completed' : 'rolledBack';
}

async function hasCommitted(
  parts: readonly JournalPart[],
  targets: ReadonlyMap<Component, Target>,
): Promise<boolean> {
  const final = parts.find(({ isFinal }) => isFinal);
  return final !== undefined && targetOf(final, targets).hasSwapped(final.plan);
}

function targetOf({ component }: JournalPart, targets: ReadonlyMap<Component, Target>): Target {
  const target = targets.get(component);
  invariant(target, 'every component has a target');
  return target;
}
