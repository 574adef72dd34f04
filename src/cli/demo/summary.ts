import { alignTable, formatBytes, formatCount, formatRate, formatSeconds } from './figures.js';

/** One backup's figures, the time as the client saw it: from asking for it to its last event. */
export interface BackupFigures {
  name: string;
  id: string;
  sizeBytes: number;
  storedBytes: number;
  elapsedMs: number;
}

/** Everything that the summary tells. */
export interface DemoFigures {
  first: BackupFigures;
  second: BackupFigures;
  closed: BackupFigures;
  restoreMs: number;
  restoredBytes: number;
  /** Sales in the copy that was restored beside the selling till. */
  consistentSales: number;
  counts: { files: number; entries: number; rows: number };
}

/** The demo's closing lines. */
export function summarize(figures: DemoFigures): string[] {
  const { first, second, closed, restoreMs, restoredBytes, counts, consistentSales } = figures;
  const backup = ({ name, elapsedMs, sizeBytes, storedBytes }: BackupFigures) => [
    name,
    formatSeconds(elapsedMs),
    formatBytes(sizeBytes),
    formatRate(sizeBytes, elapsedMs),
    formatBytes(storedBytes),
  ];
  const table = alignTable([
    ['', 'time', 'data', 'speed', 'newly stored'],
    backup(first),
    backup(second),
    backup(closed),
    ['Restore', formatSeconds(restoreMs), formatBytes(restoredBytes), formatRate(restoredBytes, restoreMs)],
  ]);
  return [
    '',
    ...table.map((line) => `   ${line}`),
    '',
    `   Proved: ${formatCount(counts.files)} files (${formatCount(counts.entries)} entries with folders and links) and ${formatCount(counts.rows)} rows`,
    '   are what they were: content by SHA-256, mode, time and link; the rows of every table by SHA-256, and the',
    '   database by integrity_check, foreign_key_check and the rules of the till.',
    `   Proved: the backup of the selling till is one moment of it, with ${formatCount(consistentSales)} sales.`,
  ];
}

/** How to go on trying. */
export function describeServing(url: URL, token: string, tillRoot: string): string[] {
  const endpoint = new URL('/graphql', url).href;
  const query = '{ backups { items { name status sizeBytes storedBytes } } }';
  return [
    '',
    `The server stays up: open ${endpoint} and send this header with every request (valid for 12 hours):`,
    '',
    `  Authorization: Bearer ${token}`,
    '',
    'Or from a shell:',
    '',
    `  curl ${endpoint} \\`,
    `    -H 'Authorization: Bearer ${token}' \\`,
    "    -H 'Content-Type: application/json' \\",
    `    -d '${JSON.stringify({ query })}'`,
    '',
    `The till is in ${tillRoot}. Ctrl-C stops the server and removes everything.`,
  ];
}
