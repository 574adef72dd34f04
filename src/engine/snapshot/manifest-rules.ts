/**
 * What every manifest keeps to (docs/format.md §8). Readers refuse what breaks a rule; writers refuse to write it, since
 * a backup that no reader takes must not be committed.
 */
import { IntegrityError } from '../../shared/errors.js';
import { assertSafePath, comparePaths, parentPath, printPath } from './paths.js';
import type { ManifestRecord } from './record.js';

/** Order and paths of the records of one manifest. Holds the paths of the folders that are open. */
export class ManifestRules {
  readonly #openFolders: Buffer[] = [];
  #lastPath: Buffer | null = null;
  #inFile = false;

  /**
   * Takes the next record.
   * @throws IntegrityError when it breaks a rule
   */
  check(record: ManifestRecord): void {
    const continuesFile = record.kind === 'content';
    if (continuesFile !== this.#inFile)
      throw new IntegrityError('The manifest has content that belongs to no file');
    if (record.kind !== 'content') this.#checkPath(record.path);
    if (record.kind === 'directory') this.#openFolders.push(record.path);
    this.#inFile = 'end' in record && record.end === null;
  }

  /** @throws IntegrityError when no manifest may end here */
  checkEnd(): void {
    if (this.#inFile) throw new IntegrityError('The manifest ends within a file');
  }

  #checkPath(path: Buffer): void {
    assertSafePath(path);
    if (this.#lastPath && comparePaths(this.#lastPath, path) >= 0) {
      throw new IntegrityError(`Manifest entry "${printPath(path)}" is out of order`);
    }
    this.#lastPath = path;
    const parent = parentPath(path);
    while (this.#openFolders.length > 0 && !(parent && this.#openFolders.at(-1)!.equals(parent)))
      this.#openFolders.pop();
    if (parent && this.#openFolders.length === 0) {
      throw new IntegrityError(`Manifest entry "${printPath(path)}" is not in a folder of the manifest`);
    }
  }
}
