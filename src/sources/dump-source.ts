/**
 * Captures a database on a server with the vendor's own dump program, streamed: nothing is written to disk, and
 * backups of one database share what did not change between them.
 *
 * What the till can notice: dumps read one snapshot and lock no rows; only changes to the schema wait for the end.
 */
import type { Capture, FileEntry, Source, SourceSize } from '../engine/index.js';
import type { Clock } from '../shared/clock.js';
import { throwIfCancelled } from '../shared/errors.js';
import { BytesReader, PROPERTIES_SUFFIX, type Properties } from './dump-properties.js';
import { DumpReader } from './dump-reader.js';
import type { ProgramEnd, RunningProgram } from './running-program.js';
import { describeServer, type ServerAddress } from './server-address.js';

/** A database that was looked at and can be dumped. */
export interface Dumpable {
  /** About how much the dump will be. */
  sizeBytes: number;
  /** What the dump will lack, or cannot hold consistently. */
  notices: string[];
  /** What belongs to the database itself and no dump holds; absent: nothing is recorded. */
  properties?: Properties;
  /** The files of the dump, ordered by name. */
  dumps: readonly Dump[];
}

/** One file of a dump. */
export interface Dump {
  name: string;
  /** What comes before that which the program writes; nothing unless told. */
  begin?: string;
  /** Starts the program that writes it to its standard output. */
  start(signal?: AbortSignal): RunningProgram;
  /** What to throw when it fails. */
  explain(end: ProgramEnd): Error;
}

/**
 * Finds everything that would stop a dump: no program, one that is too old, a server that cannot be reached or refuses.
 * @throws SourceError
 */
export type Inspect = (options: { signal?: AbortSignal }) => Promise<Dumpable>;

export class DumpSource implements Source {
  readonly component = 'DATABASE';
  readonly description: string;
  readonly #propertiesName: string;

  constructor(
    address: ServerAddress,
    private readonly inspect: Inspect,
    private readonly clock: Clock,
  ) {
    this.description = describeServer(address);
    this.#propertiesName = address.database.replaceAll('/', '_') + PROPERTIES_SUFFIX;
  }

  async scan(options: { signal?: AbortSignal }): Promise<SourceSize> {
    throwIfCancelled(options.signal);
    const { sizeBytes, properties, dumps } = await this.inspect(options);
    throwIfCancelled(options.signal);
    return { totalBytes: sizeBytes, totalFiles: dumps.length + (properties === undefined ? 0 : 1) };
  }

  async capture(options: { signal?: AbortSignal }): Promise<Capture> {
    throwIfCancelled(options.signal);
    const found = await this.inspect(options);
    throwIfCancelled(options.signal);
    return new DumpCapture(found, {
      propertiesName: this.#propertiesName,
      clock: this.clock,
      ...(options.signal && { signal: options.signal }),
    });
  }
}

class DumpCapture implements Capture {
  readonly notices: readonly string[];
  readonly #started: RunningProgram[] = [];

  constructor(
    private readonly found: Dumpable,
    private readonly options: { propertiesName: string; clock: Clock; signal?: AbortSignal },
  ) {
    this.notices = found.notices;
  }

  *entries(): Generator<FileEntry> {
    const { properties, sizeBytes, dumps } = this.found;
    if (properties !== undefined) {
      const bytes = Buffer.from(JSON.stringify(properties));
      const open = () => new BytesReader(bytes);
      yield this.#entry(this.options.propertiesName, { sizeBytes: bytes.length, open });
    }
    for (const dump of dumps) yield this.#entry(dump.name, { sizeBytes, open: () => this.#start(dump) });
  }

  #entry(name: string, content: Pick<FileEntry, 'sizeBytes' | 'open'>): FileEntry {
    return {
      kind: 'file',
      path: Buffer.from(name),
      mode: 0o600,
      mtimeNs: BigInt(this.options.clock.now().getTime()) * 1_000_000n,
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
      identity: null,
      cutting: 'content',
      ...content,
    };
  }

  #start(dump: Dump): DumpReader {
    const program = dump.start(this.options.signal);
    this.#started.push(program);
    return new DumpReader(program, (end) => dump.explain(end), dump.begin);
  }

  async close(): Promise<void> {
    await Promise.all(this.#started.map((program) => program.stop()));
  }
}
