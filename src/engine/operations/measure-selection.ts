/** Finds out what a partial restore would take of one component, from its manifest alone. */
import type { ChunkReader } from '../repository/chunk-reader.js';
import { readRecords } from '../snapshot/manifest-reader.js';
import { PathSelection } from '../snapshot/path-selection.js';
import type { References } from '../snapshot/references.js';

/** What of a component is taken. */
export interface MeasuredSelection {
  /** Those of the wanted paths that the component holds. */
  selection: PathSelection;
  totalBytes: number;
  totalFiles: number;
}

/**
 * Reads `manifest` up to the last wanted path, and no file's content.
 * @throws IntegrityError when the manifest is damaged
 */
export async function measureSelection(
  reader: ChunkReader,
  manifest: References,
  wanted: PathSelection,
): Promise<MeasuredSelection> {
  const isWanted = new Set(wanted.paths.map((path) => path.toString('latin1')));
  const found: Buffer[] = [];
  let totalBytes = 0;
  let totalFiles = 0;
  for await (const record of wanted.filter(readRecords(reader.readAll(manifest)))) {
    if (record.kind !== 'content' && isWanted.has(record.path.toString('latin1')))
      found.push(Buffer.from(record.path));
    if (!('end' in record) || !record.end) continue;
    totalBytes += record.end.sizeBytes;
    totalFiles++;
  }
  return { selection: new PathSelection(found), totalBytes, totalFiles };
}
