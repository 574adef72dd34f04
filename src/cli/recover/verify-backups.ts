import type { SnapshotDescription, VerifyOutcome } from '../../engine/index.js';
import { AppError, InvalidInputError } from '../../shared/errors.js';
import { formatBytes, formatCount, formatFiles } from '../demo/figures.js';
import { findBackup, nameOf, sortByAge } from './find-backup.js';
import { showProgress } from './progress-line.js';
import { type RecoverySession, type RepositoryOptions, withRepository } from './recovery-session.js';

const STATUS_DAMAGED = 1;

/**
 * `tillvault recover verify`: reads every byte of one backup, or of the whole repository, and names what is damaged.
 * Sets the exit status to 1 when something is.
 */
export async function verifyBackups(
  address: string | undefined,
  options: RepositoryOptions & { all: boolean },
): Promise<void> {
  if (options.all && address !== undefined)
    throw new InvalidInputError('Expected a backup or --all, found both');
  await withRepository(options, async (session) => {
    const listed = await session.app.engine.listSnapshots({ signal: session.signal });
    const chosen = options.all ? sortByAge(listed) : [findBackup(listed, address ?? 'latest')];
    let damaged = 0;
    for (const backup of chosen) if (!(await verifyOne(session, backup))) damaged++;
    if (options.all) damaged += reportUnreadable(session) + (await scrub(session));
    if (damaged > 0) process.exitCode = STATUS_DAMAGED;
  });
}

/** @returns true when nothing is damaged */
async function verifyOne({ app, signal }: RecoverySession, backup: SnapshotDescription): Promise<boolean> {
  const name = `${backup.backupId} ${nameOf(backup)}`;
  const { snapshotId } = backup;
  try {
    const outcome = await showProgress(nameOf(backup), (onProgress) =>
      app.engine.verify({ snapshotId }, { signal, onProgress }),
    );
    report(name, outcome);
    return outcome.damagedFiles === 0;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'DATA_CORRUPTED') throw error;
    process.stdout.write(`${name}: damaged, ${error.message}\n`);
    return false;
  }
}

function report(name: string, { checkedBytes, checkedFiles, damagedFiles, damaged }: VerifyOutcome): void {
  const checked = `${formatFiles(checkedFiles)}, ${formatBytes(checkedBytes)}`;
  if (damagedFiles === 0) {
    process.stdout.write(`${name}: sound, ${checked}\n`);
    return;
  }
  const lines = damaged.map(
    ({ component, path, reason }) => `  ${component} ${path ?? '(the list of its files)'}: ${reason}`,
  );
  if (damagedFiles > damaged.length) lines.push(`  and ${formatCount(damagedFiles - damaged.length)} more`);
  const what = `${formatFiles(damagedFiles)} ${damagedFiles === 1 ? 'is' : 'are'}`;
  process.stdout.write(`${name}: ${what} damaged, of ${checked}\n${lines.join('\n')}\n`);
}

/** Objects that no backup reads, or not whole, are looked at too. @returns how many are damaged */
async function scrub({ app, signal }: RecoverySession): Promise<number> {
  const { checkedObjects, checkedBytes, damaged } = await app.engine.scrub({ signal });
  const checked = `${formatCount(checkedObjects)} objects, ${formatBytes(checkedBytes)}`;
  process.stdout.write(
    `Repository: ${damaged.length === 0 ? 'every object is what was stored' : 'damaged'}, ${checked}\n`,
  );
  for (const key of damaged) process.stdout.write(`  ${key}: its SHA-256 is not its name\n`);
  return damaged.length;
}

/** Backups whose own object cannot be read have no id that could be shown. @returns how many there are */
function reportUnreadable({ app }: RecoverySession): number {
  const unreadable = app.unreadableSnapshots();
  for (const id of unreadable) process.stdout.write(`Snapshot ${id}: damaged, cannot be read\n`);
  return unreadable.length;
}
