/** Reads and checks every byte of one component without writing anything. */
import { createHash, type Hash } from 'node:crypto';
import type { Component } from '../../shared/component.js';
import { IntegrityError } from '../../shared/errors.js';
import type { ChunkReader } from '../repository/chunk-reader.js';
import type { FileEnd } from '../snapshot/record.js';
import type { References } from '../snapshot/references.js';
import {
  blameFile,
  type EntryVisitor,
  type FileRecord,
  type PartsVisitor,
  walkManifest,
} from './file-walker.js';

/** Told of every file and byte that was found to be right. */
export type OnChecked = (bytes: number, files: number) => void;

/**
 * Every chunk is read, authenticated and compared with its id, every file with its SHA-256.
 * @throws IntegrityError naming the first file that is damaged
 */
export async function validateComponent(
  reader: ChunkReader,
  component: Component,
  manifest: References,
  onChecked: OnChecked,
): Promise<void> {
  await walkManifest(reader, manifest, new Validator(reader, component, onChecked));
}

class Validator implements EntryVisitor {
  readonly #reader: ChunkReader;
  readonly #component: Component;
  readonly #onChecked: OnChecked;

  constructor(reader: ChunkReader, component: Component, onChecked: OnChecked) {
    this.#reader = reader;
    this.#component = component;
    this.#onChecked = onChecked;
  }

  async directory(): Promise<void> {}

  async symlink(): Promise<void> {}

  async wholeFile(record: FileRecord & { end: FileEnd }): Promise<void> {
    const file = await this.beginFile(record);
    await file.part(record.content);
    await file.end(record.end);
  }

  async beginFile(record: FileRecord): Promise<PartsVisitor> {
    const sum = createHash('sha256');
    let sizeBytes = 0;
    const blame = async (work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        throw blameFile(error, this.#component, record.path);
      }
    };
    return {
      part: (content) =>
        blame(async () => {
          for await (const chunk of this.#reader.readAll(content)) {
            sum.update(chunk);
            sizeBytes += chunk.length;
            this.#onChecked(chunk.length, 0);
          }
        }),
      end: (end) =>
        blame(async () => {
          assertContent(sum, sizeBytes, end);
          this.#onChecked(0, 1);
        }),
      abort: async () => {},
    };
  }
}

function assertContent(sum: Hash, sizeBytes: number, end: FileEnd): void {
  if (sizeBytes !== end.sizeBytes)
    throw new IntegrityError(`it has ${sizeBytes} bytes, expected ${end.sizeBytes}`);
  if (!sum.digest().equals(end.checksum))
    throw new IntegrityError('its SHA-256 is not the one that was recorded');
}
