/** Tables in Markdown, padded so that they can be read in a terminal too: the first column to the left, the others right. */

/** @param cells row by row, with the heading first; all of the same length */
export function printTable(cells: readonly (readonly string[])[]): string[] {
  const rows = cells.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  const print = (row: readonly string[]) => `| ${row.map(pad).join(' | ')} |`;
  const [heading = [], ...body] = rows;
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [print(heading), print(rule), ...body.map(print)];
}

/** Seconds as `3.14`, or a dash. */
export function printSeconds(seconds: number | null): string {
  return seconds === null || Number.isNaN(seconds) ? '–' : seconds.toFixed(2);
}

/** Bytes as decimal megabytes such as `83.2`, or a dash. */
export function printMegabytes(bytes: number | null): string {
  return bytes === null || Number.isNaN(bytes) ? '–' : (bytes / 1e6).toFixed(1);
}
