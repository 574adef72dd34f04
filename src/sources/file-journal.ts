/**
 * The journal of restores as one file for each, in a folder of Tillvault's own: `<restore id>.json`, mode 0600.
 * Written under a temporary name, synced, and renamed: a reader sees the old entry or the new one.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { JournalEntry, RestoreJournal } from '../engine/index.js';
import { IntegrityError, invariant } from '../shared/errors.js';
import { assertPart } from './journal-plans.js';
import { syncFolder } from './sync-folder.js';
import { errnoOf, toAppError } from './system-error.js';

/** What this version writes and reads. */
const VERSION = 1;
const SAFE_ID = /^[0-9A-Za-z_-]{1,100}$/;
const STATES = new Set(['swapping', 'committed', 'leftover']);
const SUFFIX = '.json';
const TEMPORARY = '.tmp';

export class FileJournal implements RestoreJournal {
  readonly #folder: string;

  /** @param folder absolute; made with mode 0700 when the first entry is written */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async write(entry: JournalEntry): Promise<void> {
    const path = this.#pathOf(entry.restoreId);
    const before = readIfThere(path);
    try {
      if (mkdirSync(this.#folder, { recursive: true, mode: 0o700 }) !== undefined)
        syncFolder(join(this.#folder, '..'));
      replaceFile(path, JSON.stringify({ version: VERSION, ...entry }));
    } catch (error) {
      throw toAppError(error, 'The journal of the restore cannot be written');
    }
    try {
      syncFolder(this.#folder);
    } catch (error) {
      // It may not last: what was said before holds, in this process and the next.
      if (before === null) rmSync(path, { force: true });
      else replaceFile(path, before);
      throw toAppError(error, 'The journal of the restore cannot be made durable');
    }
  }

  async remove(restoreId: string): Promise<void> {
    try {
      rmSync(this.#pathOf(restoreId), { force: true });
      syncFolder(this.#folder);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw toAppError(error, 'The journal of the restore cannot be closed');
    }
  }

  async list(): Promise<JournalEntry[]> {
    return this.#names().map((name) => {
      const content = readIfThere(join(this.#folder, name)) ?? '';
      try {
        return parseEntry(content);
      } catch (error) {
        throw new IntegrityError(
          `Journal entry "${name}" of an interrupted restore cannot be understood: start the version of Tillvault that wrote it, or look into the file, in the folder "journal" of DATA_DIR: it says where the live data was kept`,
          { cause: error },
        );
      }
    });
  }

  /** Removes what a write that was cut short left. */
  #names(): string[] {
    let names: string[];
    try {
      names = readdirSync(this.#folder);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw toAppError(error, 'The journal of restores cannot be read');
    }
    for (const name of names) if (name.endsWith(TEMPORARY)) rmSync(join(this.#folder, name), { force: true });
    return names.filter((name) => name.endsWith(SUFFIX)).sort();
  }

  #pathOf(restoreId: string): string {
    invariant(SAFE_ID.test(restoreId), 'ids of restores are letters, digits and dashes');
    return join(this.#folder, restoreId + SUFFIX);
  }
}

function replaceFile(path: string, content: string): void {
  const temporary = path + TEMPORARY;
  try {
    const descriptor = openSync(temporary, 'w', 0o600);
    try {
      const bytes = Buffer.from(content);
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw toAppError(error, 'The journal of restores cannot be read');
  }
}

function parseEntry(content: string): JournalEntry {
  const { version, ...entry } = JSON.parse(content) as JournalEntry & { version: unknown };
  invariant(version === VERSION, `journal version ${String(version)}, expected ${VERSION}`);
  invariant(
    SAFE_ID.test(entry.restoreId) && Array.isArray(entry.parts),
    'an entry names its restore and its parts',
  );
  invariant(STATES.has(entry.state), 'the state of an entry is known');
  for (const part of entry.parts) assertPart(part);
  return entry;
}
