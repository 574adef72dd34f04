/**
 * Captures a database on a server with the vendor's own dump program, streamed: nothing is written to disk, and
 * backups of one database share what did not change between them.
 *
 * What the till can notice: dumps read one snapshot and lock no rows; only changes to the schema wait for the end.
 */
import type { Capture, FileEntry, Source, SourceSize } from '../engine/index.js';
import type { Clock } from '../shared/clock.js';
import { throwIfCancelled } from '../shared/errors.js';
import { DumpReader } from './dump-reader.js';
import type { ProgramEnd, RunningProgram } from './running-program.js';
import { describeServer, type ServerAddress } from './server-address.js';

/** A database that was looked at and can be dumped. */
export interface Dumpable {
  /** About how much the dump will be. */
  sizeBytes: number;
  /** What the dump will lack, or cannot hold consistently. */
  notices: string[];
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

  constructor(
    address: ServerAddress,
    private readonly inspect: Inspect,
    private readonly clock: Clock,
  ) {
    this.description = describeServer(address);
  }

  async scan(options: { signal?: AbortSignal }): Promise<SourceSize> {
    throwIfCancelled(options.signal);
    const { sizeBytes, dumps } = await this.inspect(options);
    throwIfCancelled(options.signal);
    return { totalBytes: sizeBytes, totalFiles: dumps.length };
  }

  async capture(options: { signal?: AbortSignal }): Promise<Capture> {
    throwIfCancelled(options.signal);
    const found = await this.inspect(options);
    throwIfCancelled(options.signal);
    return new DumpCapture(found, this.clock, options.signal);
  }
}

class DumpCapture implements Capture {
  readonly notices: readonly string[];
  readonly #started: RunningProgram[] = [];

  constructor(
    private readonly found: Dumpable,
    private readonly clock: Clock,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.notices = found.notices;
  }

  *entries(): Generator<FileEntry> {
    for (const dump of this.found.dumps) {
      yield {
        kind: 'file',
        path: Buffer.from(dump.name),
        mode: 0o600,
        mtimeNs: BigInt(this.clock.now().getTime()) * 1_000_000n,
        uid: process.getuid?.() ?? 0,
        gid: process.getgid?.() ?? 0,
        sizeBytes: this.found.sizeBytes,
        identity: null,
        cutting: 'content',
        open: () => {
          const program = dump.start(this.signal);
          this.#started.push(program);
          return new DumpReader(program, (end) => dump.explain(end), dump.begin);
        },
      };
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#started.map((program) => program.stop()));
  }
}
