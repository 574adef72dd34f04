import { Command, InvalidArgumentError } from 'commander';
import { COMPONENTS, type Component } from '../shared/component.js';
import { listBackups } from './recover/list-backups.js';
import { rebuildMetadata } from './recover/rebuild-metadata.js';
import type { RepositoryOptions } from './recover/recovery-session.js';
import { type RestoreOptions, restoreBackup } from './recover/restore-backup.js';
import { verifyBackups } from './recover/verify-backups.js';

const BACKUP = 'id of the backup, the beginning of it, or latest';

/** `tillvault recover`: everything that an operator needs when there is no server any more. */
export function createRecoverCommand(): Command {
  return new Command('recover')
    .description('Look into the repository, verify it and restore from it without the server')
    .addCommand(createListCommand())
    .addCommand(createVerifyCommand())
    .addCommand(createRestoreCommand())
    .addCommand(createMetadataCommand())
    .addHelpText(
      'after',
      `
Needs nothing but the storage and the encryption key: no server, no metadata, no till. Damaged parts of the index
are read from the data itself, and a storage that holds no repository is never made into one.

The storage is STORAGE_URL or --storage. The key is looked for in --key-file, in BACKUP_ENCRYPTION_KEY, and in
DATA_DIR, where a server without one has kept the key that it made; in a terminal it is asked for. It is never an
argument, which every user of the machine could read.

Results go to standard output, everything else to standard error. Status 0: all is well; 1: it failed, or verify
has found damage; 130: interrupted.

Examples:

  tillvault recover list --storage file:/mnt/backups
  tillvault recover verify --all
  tillvault recover restore latest --to ./restored
  tillvault recover restore 3f2a --to ./restored --component FILES --path files/receipts/2025
  tillvault recover restore latest --database file:/srv/till/pos.db --overwrite
  tillvault recover metadata`,
    );
}

function createListCommand(): Command {
  return withRepositoryOptions(new Command('list'))
    .description('List every backup, newest first')
    .option('--json', 'print JSON instead of a table', false)
    .action((options: RepositoryOptions & { json: boolean }) => listBackups(options));
}

function createVerifyCommand(): Command {
  return withRepositoryOptions(new Command('verify'))
    .description('Read every byte of a backup and compare it with its checksums')
    .argument('[backup]', `${BACKUP} (default: latest)`)
    .option('--all', 'verify every backup, and every object of the repository', false)
    .addHelpText(
      'after',
      `
Names every damaged file, and ends with status 1 when there is one.`,
    )
    .action((backup: string | undefined, options: RepositoryOptions & { all: boolean }) =>
      verifyBackups(backup, options),
    );
}

function createRestoreCommand(): Command {
  return withRepositoryOptions(new Command('restore'))
    .description('Restore a backup, or a part of it, to a folder or into a database')
    .argument('<backup>', BACKUP)
    .option(
      '--to <folder>',
      'folder that takes each component in a folder of its name; must be empty or absent',
    )
    .option('--database [url]', 'restore DATABASE into this database, or into the one of DATABASE_URL')
    .option(
      '--component <name>',
      `only this one of ${COMPONENTS.join(', ')}; may be repeated`,
      addComponent,
      [],
    )
    .option('--path <path>', 'only this file or folder; may be repeated', addPath, [])
    .option(
      '--overwrite',
      'replace what is there: a database that holds tables, what has the same name in the folder',
      false,
    )
    .option(
      '--skip-damaged',
      'restore what is sound of a damaged backup to a folder, and name what is not',
      false,
    )
    .addHelpText(
      'after',
      `
Everything is read and checked before anything is written, written beside its place, checked again, and then put
there at once. Nothing that exists is replaced without --overwrite. In a folder, the database of a server is the
dump that its own programs load.

A damaged backup is refused. With --skip-damaged everything that is sound goes to the folder, every file that is left
out is named, and the status is 1.

A path is written as the backup names it, such as files/receipts/2025 or files/receipts/2025/1.txt; a folder means
everything in it. Bytes that are no UTF-8 text, control characters, quotation marks and backslashes are written
\\xHH, as "verify" prints them. A database is restored whole: paths leave it out.

A URL with a password is better given as DATABASE_URL, with --database alone: arguments can be read by every user of
the machine.

Examples:

  tillvault recover restore latest --to ./restored
  tillvault recover restore 3f2a --to ./restored --path files/receipts/2025/1.txt
  tillvault recover restore latest --component DATABASE --database file:/srv/till/pos.db`,
    )
    .action((backup: string, options: RestoreOptions) => restoreBackup(backup, options));
}

function createMetadataCommand(): Command {
  return withRepositoryOptions(new Command('metadata'))
    .description('Rebuild the metadata database (METADATA_DATABASE_URL) from the repository')
    .addHelpText(
      'after',
      `
Adds every backup that the metadata does not know, and changes nothing else. The server does the same whenever it
starts. Stop the server first.`,
    )
    .action((options: RepositoryOptions) => rebuildMetadata(options));
}

function withRepositoryOptions(command: Command): Command {
  return command
    .option('--storage <url>', 'the repository, in the place of STORAGE_URL')
    .option('--key-file <file>', 'file that holds the encryption key, in the place of BACKUP_ENCRYPTION_KEY');
}

function addComponent(text: string, before: Component[]): Component[] {
  const names = text.split(',').map((name) => name.trim().toUpperCase());
  const unknown = names.find((name) => !COMPONENTS.some((component) => component === name));
  if (unknown !== undefined) throw new InvalidArgumentError(`Expected one of ${COMPONENTS.join(', ')}.`);
  return [...before, ...COMPONENTS.filter((component) => names.includes(component))];
}

function addPath(text: string, before: string[]): string[] {
  return [...before, text];
}
