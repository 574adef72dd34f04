/** Finds out what of a damaged backup can still be restored. */
import type { Component } from '../../shared/component.js';
import type { DamagedFile } from '../engine.js';
import type { ChunkReader } from '../repository/chunk-reader.js';
import { parsePath } from '../snapshot/paths.js';
import type { RestorePart } from './restore-parts.js';
import { validateComponent } from './validate-component.js';

/** Notices that are written out; more are counted. */
const MAX_NOTICES = 1_000;

/** What is sound, and what is not. */
export interface SoundParts {
  parts: RestorePart[];
  /** Files that are left out; a component that is left out as a whole counts as one. */
  damagedFiles: number;
  /** One sentence for each. */
  notices: string[];
}

/**
 * Validates `parts` and takes out every file that is damaged. A component is left out as a whole when the list of its
 * files cannot be read to its end, and a database that is one damaged file.
 * Holds the paths of the damaged files.
 */
export async function findSoundParts(
  reader: ChunkReader,
  parts: readonly RestorePart[],
  options: { onPart: (component: Component) => void; onChecked: (bytes: number, files: number) => void },
): Promise<SoundParts> {
  const sound: SoundParts = { parts: [], damagedFiles: 0, notices: [] };
  for (const part of parts) {
    options.onPart(part.component);
    const damagedPaths = new Set<string>();
    let isLost = false;
    const onDamage = ({ component, path, reason }: DamagedFile) => {
      if (path === null || component === 'DATABASE') isLost = true;
      else damagedPaths.add(parsePath(path).toString('latin1'));
      sound.damagedFiles++;
      if (sound.notices.length < MAX_NOTICES)
        sound.notices.push(`${path ?? `All of ${component}`} is damaged and was left out: ${reason}`);
    };
    const { onChecked } = options;
    await validateComponent(reader, part.component, part.content, { onChecked, onDamage });
    if (!isLost) sound.parts.push({ ...part, content: { ...part.content, except: damagedPaths } });
  }
  return sound;
}
