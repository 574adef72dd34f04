import { createHash } from 'node:crypto';
import type {
  Examination,
  FileWriter,
  PreparedSwap,
  RestoredContent,
  RestoredDirectory,
  RestoredFile,
  RestoredSymlink,
  StageOptions,
  Staging,
} from '../engine/index.js';
import { printPath } from '../engine/index.js';
import { IntegrityError, SourceError } from '../shared/errors.js';
import { PROPERTIES_SUFFIX, PropertiesWriter } from './dump-properties.js';
import type { ServerAddress } from './server-address.js';
import type { DumpLoader, ServerPlace } from './server-place.js';
import { formatServerPlan } from './server-plan.js';

/** A database on a server being restored: its dump goes straight into the vendor's program, never onto a disk here. */
export class DumpStaging implements Staging {
  readonly #place: ServerPlace;
  readonly #address: ServerAddress;
  readonly #options: StageOptions;
  readonly #writers: DumpWriter[] = [];
  #adopted: Promise<void> = Promise.resolve();
  #phase: 'staging' | 'swapped' | 'stuck' | 'ended' = 'staging';

  /** @param place whose fresh database has been made */
  constructor({ place, address }: { place: ServerPlace; address: ServerAddress }, options: StageOptions) {
    this.#place = place;
    this.#address = address;
    this.#options = options;
  }

  get notices(): readonly string[] {
    return this.#place.notices ?? [];
  }

  async directory(entry: RestoredDirectory): Promise<void> {
    throw unexpected(`folder "${printPath(entry.path)}"`);
  }

  async symlink(entry: RestoredSymlink): Promise<'staged' | 'skipped'> {
    throw unexpected(`link "${printPath(entry.path)}"`);
  }

  async file(entry: RestoredFile): Promise<FileWriter | null> {
    const name = entry.path.toString();
    if (name.endsWith(PROPERTIES_SUFFIX)) {
      if (this.#writers.length > 0)
        throw new IntegrityError(`"${name}" comes after the dump, expected it before`);
      const writer = new PropertiesWriter(name, async (properties) => this.#place.adopt?.(properties));
      this.#adopted = writer.ended;
      return writer;
    }
    await this.#adopted; // files may be written side by side, and this one goes into what that one makes
    const { signal } = this.#options;
    const loader = await this.#place.load(name, signal ? { signal } : {});
    const writer = new DumpWriter(name, loader);
    this.#writers.push(writer);
    return writer;
  }

  async finish(): Promise<void> {
    if (this.#writers.length === 0 || this.#writers.some(({ isLoaded }) => !isLoaded)) {
      throw new IntegrityError("The backup's database holds no whole dump, expected one");
    }
  }

  async check(options: { signal?: AbortSignal; onBytes?: (bytes: number) => void }): Promise<void> {
    await this.#place.check(options);
  }

  async examine(options: { signal?: AbortSignal } = {}): Promise<Examination> {
    const tables = await this.#place.countRows(options);
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    return {
      tables,
      findings: [
        "The dump's SHA-256 is that of the capture, and its vendor's own program loaded all of it into a fresh database",
        'The fresh database was checked by its server and dumped again from the first to the last row',
        `${rows} rows in ${tables.length} tables were counted`,
      ],
    };
  }

  async prepare(): Promise<PreparedSwap> {
    const { restoreId, overwrite } = this.#options;
    await this.#place.plan({ overwrite });
    const identity = (await this.#place.prepare?.()) ?? null;
    return { plan: formatServerPlan({ restoreId, identity }, this.#address), isFinal: false };
  }

  async swap(options: { signal?: AbortSignal } = {}): Promise<void> {
    this.#phase = 'swapped';
    await this.#place.swap(options);
  }

  async undo(): Promise<void> {
    if (this.#phase !== 'swapped') return;
    this.#phase = 'stuck';
    await this.#place.undo();
    this.#phase = 'staging';
  }

  async commit(): Promise<void> {
    this.#phase = 'ended';
    await this.#place.settle();
  }

  async discard(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.abort()));
    if (this.#phase === 'swapped') await this.undo();
    if (this.#phase === 'stuck') {
      throw new SourceError('The old database could not be brought back, and is kept beside its place');
    }
    if (this.#phase === 'ended') return;
    await this.#place.discard();
    this.#phase = 'ended';
  }
}

/** Hashes what passes, since nothing of it stays here to be read back. */
class DumpWriter implements FileWriter {
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;
  isLoaded = false;

  constructor(
    private readonly name: string,
    private readonly loader: DumpLoader,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#sizeBytes += bytes.length;
    await this.loader.write(bytes);
  }

  async close(content: RestoredContent): Promise<void> {
    if (this.#sizeBytes !== content.sizeBytes || !this.#hash.digest().equals(content.checksum)) {
      throw new IntegrityError(
        `Dump "${this.name}" came out as ${this.#sizeBytes} bytes that do not match its checksum, ` +
          `expected ${content.sizeBytes}`,
      );
    }
    await this.loader.end();
    this.isLoaded = true;
  }

  async abort(): Promise<void> {
    if (!this.isLoaded) await this.loader.stop();
  }
}

function unexpected(what: string): IntegrityError {
  return new IntegrityError(`The backup's database holds ${what}, expected a dump`);
}
