/** Which entries of a manifest a partial restore takes. */
import { IntegrityError, InvalidInputError } from '../../shared/errors.js';
import { assertSafePath, comparePaths, isPathWithin, parsePath } from './paths.js';
import type { ManifestRecord } from './record.js';

/**
 * Where an entry stands: `taken`; a folder `above` what is taken; `apart` from it; or `past` all of it, so that
 * nothing that follows in the manifest is wanted either.
 */
export type SelectionState = 'taken' | 'above' | 'apart' | 'past';

/** Files and folders, a folder with everything in it. */
export class PathSelection {
  /** In manifest order, none of them within another. */
  readonly paths: readonly Buffer[];

  constructor(paths: readonly Buffer[]) {
    const kept: Buffer[] = [];
    for (const path of paths.toSorted(comparePaths)) {
      const last = kept.at(-1);
      if (!last || !isPathWithin(path, last)) kept.push(path);
    }
    this.paths = kept;
  }

  /**
   * Reads paths in the form of `printPath`; a slash at the end is left out.
   * @throws InvalidInputError when one is empty, absolute, or has an empty part, `.`, `..` or a NUL
   */
  static parse(texts: readonly string[]): PathSelection {
    return new PathSelection(texts.map(parseWanted));
  }

  /** Begins a walk along a manifest. */
  begin(): SelectionCursor {
    return new SelectionCursor(this.paths);
  }

  /** The records of `records`, in manifest order, that are taken or above what is. Reads no further than it must. */
  async *filter(records: AsyncIterable<ManifestRecord>): AsyncGenerator<ManifestRecord> {
    const cursor = this.begin();
    let isTaken = false;
    for await (const record of records) {
      if (record.kind !== 'content') {
        const state = cursor.stateOf(record.path);
        if (state === 'past') return;
        isTaken = state === 'taken';
        if (state === 'above' && record.kind === 'directory') yield record;
      }
      if (isTaken) yield record;
    }
  }
}

/** Says of one path after the other, in manifest order, where it stands. */
export class SelectionCursor {
  readonly #paths: readonly Buffer[];
  #at = 0;

  constructor(paths: readonly Buffer[]) {
    this.#paths = paths;
  }

  stateOf(path: Buffer): SelectionState {
    for (; ; this.#at++) {
      const wanted = this.#paths[this.#at];
      if (!wanted) return 'past';
      if (isPathWithin(path, wanted)) return 'taken';
      if (comparePaths(path, wanted) < 0) return isPathWithin(wanted, path) ? 'above' : 'apart';
    }
  }
}

function parseWanted(text: string): Buffer {
  const path = parsePath(text.replace(/\/+$/, ''));
  try {
    assertSafePath(path);
  } catch (cause) {
    if (!(cause instanceof IntegrityError)) throw cause;
    throw new InvalidInputError(
      `paths must name files or folders as the backup does, such as files/receipts/1.txt, found '${text}'`,
      { cause, details: { field: 'paths' } },
    );
  }
  return path;
}
