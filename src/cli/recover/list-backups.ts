import type { SnapshotDescription } from '../../engine/index.js';
import { alignTable, formatBytes, formatCount } from '../demo/figures.js';
import { nameOf, sortByAge } from './find-backup.js';
import { type RepositoryOptions, withRepository } from './recovery-session.js';

const SHORT_CHECKSUM = 12;

/** `tillvault recover list`: every backup, newest first, as a table or as JSON. */
export async function listBackups(options: RepositoryOptions & { json: boolean }): Promise<void> {
  await withRepository(options, async ({ app, signal }) => {
    const backups = sortByAge(await app.engine.listSnapshots({ signal }));
    if (options.json) process.stdout.write(`${JSON.stringify(backups.map(toJson), null, 2)}\n`);
    else printTable(backups);
  });
}

function printTable(backups: readonly SnapshotDescription[]): void {
  if (backups.length === 0) {
    process.stderr.write('The repository holds no backups\n');
    return;
  }
  const head = ['ID', 'NAME', 'TYPE', 'WHEN', 'SIZE', 'STORED', 'FILES', 'COMPONENTS', 'CHECKSUM'];
  const lines = alignTable([head, ...backups.map(toRow)]);
  process.stdout.write(`${lines.map((line) => line.trimEnd()).join('\n')}\n`);
}

function toRow(backup: SnapshotDescription): string[] {
  const { backupId, labels, completedAtMs, sizeBytes, storedBytes, fileCount, components, checksum } = backup;
  return [
    backupId,
    nameOf(backup),
    String(labels.type ?? ''),
    `${new Date(completedAtMs).toISOString().slice(0, 19)}Z`,
    formatBytes(sizeBytes),
    formatBytes(storedBytes),
    formatCount(fileCount),
    components.map(({ component }) => component).join(','),
    checksum.slice(0, SHORT_CHECKSUM),
  ];
}

/** Bytes are numbers, instants RFC 3339 in UTC; the names are those of the API. */
function toJson(backup: SnapshotDescription) {
  const { backupId, labels, startedAtMs, completedAtMs, components, ...fields } = backup;
  return {
    id: backupId,
    name: nameOf(backup),
    type: labels.type ?? null,
    trigger: labels.trigger ?? null,
    startedAt: new Date(startedAtMs).toISOString(),
    completedAt: new Date(completedAtMs).toISOString(),
    ...fields,
    components,
  };
}
