/** Reads and checks every byte of one component without writing anything. */
import { createHash, type Hash } from 'node:crypto';
import type { Component } from '../../shared/component.js';
import { IntegrityError } from '../../shared/errors.js';
import type { DamagedFile } from '../engine.js';
import type { ChunkReader } from '../repository/chunk-reader.js';
import { printPath } from '../snapshot/paths.js';
import type { FileEnd } from '../snapshot/record.js';
import {
  blameFile,
  type EntryVisitor,
  type FileRecord,
  type ManifestPart,
  type PartsVisitor,
  walkManifest,
} from './file-walker.js';

export interface ValidateOptions {
  /** Told of every file and byte that was looked at. */
  onChecked: (bytes: number, files: number) => void;
  /** Told of what is damaged, in order; the rest is checked all the same. Without it the first damage is thrown. */
  onDamage?: (damaged: DamagedFile) => void;
}

/**
 * Every chunk is read, authenticated and compared with its id, every file with its SHA-256.
 * @throws IntegrityError naming the first file that is damaged, unless `onDamage` is given
 */
export async function validateComponent(
  reader: ChunkReader,
  component: Component,
  part: ManifestPart,
  options: ValidateOptions,
): Promise<void> {
  try {
    await walkManifest(reader, part, new Validator(reader, component, options));
  } catch (error) {
    if (!options.onDamage || !(error instanceof IntegrityError)) throw error;
    options.onDamage({ component, path: null, reason: error.message });
  }
}

class Validator implements EntryVisitor {
  readonly #reader: ChunkReader;
  readonly #component: Component;
  readonly #options: ValidateOptions;

  constructor(reader: ChunkReader, component: Component, options: ValidateOptions) {
    this.#reader = reader;
    this.#component = component;
    this.#options = options;
  }

  async directory(): Promise<void> {}

  async symlink(): Promise<void> {}

  async wholeFile(record: FileRecord & { end: FileEnd }): Promise<void> {
    const file = await this.beginFile(record);
    await file.part(record.content);
    await file.end(record.end);
  }

  async beginFile(record: FileRecord): Promise<PartsVisitor> {
    const { onChecked } = this.#options;
    const sum = createHash('sha256');
    let sizeBytes = 0;
    let isDamaged = false;
    const blame = async (work: () => Promise<void>) => {
      try {
        if (!isDamaged) await work();
      } catch (error) {
        isDamaged = true;
        this.#blame(error, record.path);
      }
    };
    return {
      part: (content) =>
        blame(async () => {
          for await (const chunk of this.#reader.readAll(content)) {
            sum.update(chunk);
            sizeBytes += chunk.length;
            onChecked(chunk.length, 0);
          }
        }),
      end: async (end) => {
        await blame(async () => assertContent(sum, sizeBytes, end));
        onChecked(isDamaged ? Math.max(0, end.sizeBytes - sizeBytes) : 0, 1);
      },
      abort: async () => {},
    };
  }

  #blame(error: unknown, path: Buffer): void {
    const { onDamage } = this.#options;
    if (!onDamage || !(error instanceof IntegrityError)) throw blameFile(error, this.#component, path);
    onDamage({ component: this.#component, path: printPath(path), reason: error.message });
  }
}

/** @throws IntegrityError unless `sizeBytes` bytes that gave `sum` are the file that `end` describes */
export function assertContent(sum: Hash, sizeBytes: number, end: FileEnd): void {
  if (sizeBytes !== end.sizeBytes)
    throw new IntegrityError(`it has ${sizeBytes} bytes, expected ${end.sizeBytes}`);
  if (!sum.digest().equals(end.checksum))
    throw new IntegrityError('its SHA-256 is not the one that was recorded');
}
