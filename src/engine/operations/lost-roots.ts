import type { Component } from '../../shared/component.js';
import { IntegrityError, SourceError } from '../../shared/errors.js';
import { readRecords } from '../snapshot/manifest-reader.js';
import { isPathWithin, printPath } from '../snapshot/paths.js';

/**
 * Refuses a backup that would lose what the last one holds because a disk is not mounted or a folder was removed: it
 * would look good, and retention would count on it. Holds one piece of the manifest.
 * @param absent paths of files and folders that are not there
 * @param manifest of the same component in the last backup; one that is damaged says nothing
 * @throws SourceError when that holds something of them, an empty folder apart
 */
export async function refuseLostRoots(
  component: Component,
  absent: readonly Buffer[],
  manifest: AsyncIterable<Buffer>,
): Promise<void> {
  const lost = await findLost(absent, manifest);
  if (lost === null) return;
  const name = printPath(lost);
  throw new SourceError(
    `"${name}" is not there, but the last backup of ${component} holds files of it: mount it or restore it, or leave ${component} out of the backup; if it is gone for good, take it out of the configuration`,
  );
}

async function findLost(absent: readonly Buffer[], manifest: AsyncIterable<Buffer>): Promise<Buffer | null> {
  try {
    for await (const record of readRecords(manifest)) {
      if (record.kind === 'content') continue;
      const { path, kind } = record;
      const root = absent.find((each) => isPathWithin(path, each));
      if (root !== undefined && (kind !== 'directory' || path.length > root.length)) return root;
    }
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
  }
  return null;
}
