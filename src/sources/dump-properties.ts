/**
 * What belongs to a database itself and is in no dump (encoding, collation, settings, privileges): a small JSON file
 * beside the dump, so that a database that is gone comes back as it was. Backups of older versions do not have it.
 */
import { createHash } from 'node:crypto';
import type { FileReader, FileWriter, RestoredContent } from '../engine/index.js';
import { IntegrityError } from '../shared/errors.js';

/** How its name ends; before that is the name of the dump, so that it comes before the dump in the manifest. */
export const PROPERTIES_SUFFIX = '.database.json';
const MAX_BYTES = 4 * 1024 * 1024;

/** What JSON can hold. */
export type Properties = { readonly [key: string]: unknown };

/** Reads bytes that are in memory. */
export class BytesReader implements FileReader {
  #rest: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#rest = bytes;
  }

  read(buffer: Uint8Array): number {
    const count = Math.min(buffer.length, this.#rest.length);
    buffer.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return count;
  }

  hasChanged(): boolean {
    return false;
  }

  close(): void {}
}

/** Collects the file, at most 4 MiB, and hands it on when it is whole. */
export class PropertiesWriter implements FileWriter {
  /** Resolves when the file was handed on, or never will be. */
  readonly ended: Promise<void>;
  readonly #chunks: Buffer[] = [];
  #sizeBytes = 0;
  #end: () => void = () => {};

  constructor(
    private readonly name: string,
    private readonly take: (properties: Properties) => Promise<void>,
  ) {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > MAX_BYTES) {
      throw new IntegrityError(
        `"${this.name}" is larger than ${MAX_BYTES} bytes, expected properties of a database`,
      );
    }
    this.#chunks.push(Buffer.from(bytes));
  }

  async close(content: RestoredContent): Promise<void> {
    try {
      await this.take(this.#read(content));
    } finally {
      this.#end();
    }
  }

  async abort(): Promise<void> {
    this.#end();
  }

  #read(content: RestoredContent): Properties {
    const bytes = Buffer.concat(this.#chunks);
    const hash = createHash('sha256').update(bytes).digest();
    if (bytes.length !== content.sizeBytes || !hash.equals(content.checksum)) {
      throw new IntegrityError(
        `"${this.name}" came out as ${bytes.length} bytes that do not match its checksum`,
      );
    }
    return parse(bytes, this.name);
  }
}

function parse(bytes: Buffer, name: string): Properties {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch (error) {
    throw new IntegrityError(`"${name}" is no JSON, expected properties of a database`, { cause: error });
  }
  throw new IntegrityError(`"${name}" is not one JSON object, expected properties of a database`);
}
