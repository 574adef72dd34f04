import { MiB } from '../shared/bytes.js';
import { IntegrityError } from '../shared/errors.js';
import type { DumpLoader } from './server-place.js';

const MAX_BYTES = 16 * MiB;

/** Keeps the statements of a database's events until the swap, since an event runs from the moment that it is made. */
export class EventsLoader implements DumpLoader {
  readonly #parts: Buffer[] = [];
  #sizeBytes = 0;

  constructor(private readonly onLoaded: (events: Buffer) => void) {}

  async write(bytes: Uint8Array): Promise<void> {
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > MAX_BYTES) {
      throw new IntegrityError(`The backup's events are more than ${MAX_BYTES} bytes, expected less`);
    }
    this.#parts.push(Buffer.from(bytes));
  }

  async end(): Promise<void> {
    this.onLoaded(Buffer.concat(this.#parts));
  }

  async stop(): Promise<void> {
    this.#parts.length = 0;
  }
}
