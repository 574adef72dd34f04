/**
 * Reads manifests, and refuses what no writer of ours would have written (docs/format.md §8): the gate that keeps a
 * hostile path out of every target.
 */
import { IntegrityError } from '../../shared/errors.js';
import { assertSafePath, comparePaths, parentPath, printPath } from './paths.js';
import { decodeRecord, type ManifestRecord } from './record.js';

/**
 * Records of a manifest, whose bytes arrive in pieces of any size. Holds one piece and one record.
 * @throws IntegrityError when a record is malformed, out of order, or has a path that leaves the component
 */
export async function* readRecords(pieces: AsyncIterable<Buffer>): AsyncGenerator<ManifestRecord> {
  const rules = new ManifestRules();
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    for (let found = decodeRecord(rest); found; found = decodeRecord(rest)) {
      rules.check(found.record);
      yield found.record;
      rest = rest.subarray(found.length);
    }
  }
  if (rest.length > 0) throw new IntegrityError('The manifest is cut short');
  rules.checkEnd();
}

/** Order and paths of the records of one manifest. */
class ManifestRules {
  readonly #openFolders: Buffer[] = [];
  #lastPath: Buffer | null = null;
  #inFile = false;

  check(record: ManifestRecord): void {
    const continuesFile = record.kind === 'content';
    if (continuesFile !== this.#inFile)
      throw new IntegrityError('The manifest has content that belongs to no file');
    if (record.kind !== 'content') this.#checkPath(record.path);
    if (record.kind === 'directory') this.#openFolders.push(record.path);
    this.#inFile = 'end' in record && record.end === null;
  }

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
