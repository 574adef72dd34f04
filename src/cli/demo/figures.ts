/** Figures as people read them. */

/** Bytes as decimal megabytes, kilobytes or bytes, such as `83.2 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A whole number with commas, such as `300,000`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** A number of files, such as `1 file` or `8,000 files`. */
export function formatFiles(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'file' : 'files'}`;
}

/** Milliseconds as seconds, such as `3.14 s`. */
export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

/** Bytes over milliseconds as decimal megabytes a second, such as `26.8 MB/s`. */
export function formatRate(bytes: number, milliseconds: number): string {
  return `${(bytes / 1e3 / Math.max(milliseconds, 1)).toFixed(1)} MB/s`;
}

/** Rows of cells as lines: the first cell to the left, the others to the right of their column. */
export function alignTable(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('   '),
  );
}
