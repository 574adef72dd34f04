/** What a restore takes of a backup: whole components, or the files and folders that were asked for. */
import { type Component, sortComponents } from '../../shared/component.js';
import { InvalidInputError } from '../../shared/errors.js';
import type { RestoreRequest } from '../engine.js';
import type { ChunkReader } from '../repository/chunk-reader.js';
import { PathSelection } from '../snapshot/path-selection.js';
import { printPath } from '../snapshot/paths.js';
import type { Snapshot, SnapshotComponent } from '../snapshot/snapshot-object.js';
import type { ManifestPart } from './file-walker.js';
import { measureSelection } from './measure-selection.js';

/** What is taken of one component. */
export interface RestorePart {
  component: Component;
  content: ManifestPart;
  totalBytes: number;
  totalFiles: number;
}

/**
 * The parts of `snapshot` that `request` names, in the order of components. With paths, components that hold none of
 * them are left out; only manifests are read.
 * @throws InvalidInputError when the backup does not hold a component or a path, or a path is malformed
 */
export async function chooseParts(
  reader: ChunkReader,
  snapshot: Snapshot,
  { components, paths }: Pick<RestoreRequest, 'components' | 'paths'>,
): Promise<RestorePart[]> {
  const held = sortComponents(components).map((component) => findComponent(snapshot, component));
  if (paths == null) return held.map(toWhole);
  if (components.includes('DATABASE')) {
    throw new InvalidInputError('A database is restored whole: leave out DATABASE, or the paths', {
      details: { field: 'paths' },
    });
  }
  return choosePaths(reader, held, PathSelection.parse(paths));
}

function toWhole({ component, manifest, sizeBytes, fileCount }: SnapshotComponent): RestorePart {
  return {
    component,
    content: { manifest: manifest.content, selection: null },
    totalBytes: sizeBytes,
    totalFiles: fileCount,
  };
}

async function choosePaths(
  reader: ChunkReader,
  held: readonly SnapshotComponent[],
  wanted: PathSelection,
): Promise<RestorePart[]> {
  const parts: RestorePart[] = [];
  const missing = new Set(wanted.paths.map(printPath));
  for (const { component, manifest } of held) {
    const { selection, ...totals } = await measureSelection(reader, manifest.content, wanted);
    for (const path of selection.paths) missing.delete(printPath(path));
    if (selection.paths.length === 0) continue;
    parts.push({ component, content: { manifest: manifest.content, selection }, ...totals });
  }
  if (missing.size === 0) return parts;
  const where = held.map(({ component }) => component).join(', ');
  throw new InvalidInputError(
    `The backup does not hold '${[...missing].join("', '")}' in ${where}: paths are written as in files/receipts/1.txt`,
    { details: { field: 'paths', missing: [...missing] } },
  );
}

function findComponent(snapshot: Snapshot, component: Component): SnapshotComponent {
  const part = snapshot.components.find((each) => each.component === component);
  if (part) return part;
  const held = snapshot.components.map((each) => each.component).join(', ');
  throw new InvalidInputError(`The backup holds ${held}, but no ${component}`);
}
