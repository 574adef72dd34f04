import { join, resolve } from 'node:path';
import { readEnvironment, readRecoveryDatabase } from '../../config.js';
import type { SnapshotDescription } from '../../engine/index.js';
import type { Component } from '../../shared/component.js';
import { InvalidInputError } from '../../shared/errors.js';
import { systemRandom } from '../../shared/random.js';
import { formatBytes, formatFiles } from '../demo/figures.js';
import { findBackup, nameOf } from './find-backup.js';
import { showProgress } from './progress-line.js';
import { type RepositoryOptions, withRepository } from './recovery-session.js';

const STATUS_INCOMPLETE = 1;

/** Options of `tillvault recover restore`. */
export interface RestoreOptions extends RepositoryOptions {
  /** Folder that takes the components. */
  to?: string;
  /** Default: what the destination can take. */
  component: Component[];
  /** Only these files and folders. */
  path: string[];
  /** A database URL; true: DATABASE_URL. */
  database?: string | true;
  overwrite: boolean;
  skipDamaged: boolean;
}

/** `tillvault recover restore`: one backup, or a part of it, to a folder or into a database. */
export async function restoreBackup(address: string, options: RestoreOptions): Promise<void> {
  const cwd = process.cwd();
  if (options.to === undefined && options.database === undefined)
    throw new InvalidInputError('Expected a place to restore to: --to <folder>, --database <url>, or both');
  const database =
    options.database === undefined
      ? null
      : readRecoveryDatabase(options.database === true ? null : options.database, readEnvironment(cwd), {
          cwd,
        });
  if (options.skipDamaged && options.database !== undefined)
    throw new InvalidInputError(
      'What is left of a damaged backup can only go to a folder: --skip-damaged excludes --database',
    );
  const folder = options.to === undefined ? null : resolve(cwd, options.to);
  await withRepository(options, async ({ app, signal }) => {
    const backup = findBackup(await app.engine.listSnapshots({ signal }), address);
    const components = chooseComponents(backup, options);
    const held = describeDatabase(backup);
    if (database && held && held.kind !== database.kind) {
      throw new InvalidInputError(
        `The backup holds a database of ${held.kind}, which cannot go into one of ${database.kind}: name one of its kind, or restore it to a folder`,
      );
    }
    const databaseFile = held?.kind === 'sqlite' ? held.source : null;
    const engine = app.restoreTo({ folder, database, mayReplace: options.overwrite, databaseFile });
    const outcome = await showProgress(nameOf(backup), (onProgress) =>
      engine.restore(
        {
          restoreId: systemRandom.uuid(),
          snapshotId: backup.snapshotId,
          components,
          paths: options.path.length > 0 ? options.path : null,
          overwrite: options.overwrite,
          validateOnly: false,
          targetFolder: folder,
          restorePoint: null,
          skipDamaged: options.skipDamaged,
        },
        { signal, onProgress },
      ),
    );
    const { restoredFiles, skippedFiles, restoredBytes, notices } = outcome;
    const where = [
      ...(folder === null
        ? []
        : components
            .filter((one) => one !== 'DATABASE' || !database)
            .map((one) => join(folder, one.toLowerCase()))),
      ...(database && components.includes('DATABASE') ? ['the database'] : []),
    ];
    process.stdout.write(
      `Restored ${formatFiles(restoredFiles)}, ${formatBytes(restoredBytes)}, every one checked, to ${where.join(', ')}\n`,
    );
    for (const notice of notices) process.stdout.write(`${notice}\n`);
    if (skippedFiles > 0) process.exitCode = STATUS_INCOMPLETE;
  });
}

/** What database a backup holds: a source names a file, or the kind, host and name of a server's database. */
function describeDatabase({ components }: SnapshotDescription): { kind: string; source: string } | null {
  const source = components.find(({ component }) => component === 'DATABASE')?.source;
  if (source === undefined) return null;
  return { kind: source.includes('/') ? source.slice(0, source.indexOf(' ')) : 'sqlite', source };
}

/** Those that were asked for, or all that the destination can take. */
function chooseComponents(backup: SnapshotDescription, options: RestoreOptions): Component[] {
  const { component: asked, path, to, database } = options;
  const held = backup.components.map(({ component }) => component);
  const takes = (component: Component) => (component === 'DATABASE' ? path.length === 0 : to !== undefined);
  const chosen = asked.length > 0 ? asked : held.filter(takes);
  const misplaced = chosen.filter((component) => component !== 'DATABASE' && to === undefined);
  if (misplaced.length > 0)
    throw new InvalidInputError(
      `${misplaced.join(', ')} can only be restored to a folder: add --to <folder>`,
    );
  if (database !== undefined && !chosen.includes('DATABASE'))
    throw new InvalidInputError('There is no DATABASE to restore into the database that was named');
  return chosen;
}
