import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The end of the audit log's chain. */
interface Head {
  sequence: number;
  hash: string;
}

const FILE_NAME = 'audit-head';

/**
 * Keeps the head of the audit log in a file of DATA_DIR (mode 0600), synced. Heads that come while one is being
 * written are written together, so that the file is at most one write behind.
 */
export class AuditAnchorFile {
  readonly #file: string;
  readonly #onFailure: (error: unknown) => void;
  #next: Head | null = null;
  #writing: Promise<void> | null = null;

  /** @param options.onFailure told when the head could not be kept; the next one is tried again */
  constructor(dataDir: string, options: { onFailure: (error: unknown) => void }) {
    this.#file = join(dataDir, FILE_NAME);
    this.#onFailure = options.onFailure;
  }

  /** The head in the file; null when there is none, or what is there is not one. */
  async read(): Promise<Head | null> {
    const text = await readIfThere(this.#file);
    const [, sequence, hash] = /^(\d{1,10}) ([0-9a-f]{64})\n$/.exec(text) ?? [];
    return sequence === undefined || hash === undefined ? null : { sequence: Number(sequence), hash };
  }

  /** Keeps `head`. Returns at once. */
  keep(head: Head): void {
    this.#next = head;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when the last head has been kept, or could not be. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    try {
      for (let head = this.#take(); head !== null; head = this.#take()) await this.#write(head);
    } catch (error) {
      this.#onFailure(error);
    } finally {
      this.#writing = null;
    }
  }

  #take(): Head | null {
    const head = this.#next;
    this.#next = null;
    return head;
  }

  async #write({ sequence, hash }: Head): Promise<void> {
    const temporary = `${this.#file}.new`;
    await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 });
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(`${sequence} ${hash}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#file);
  }
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
