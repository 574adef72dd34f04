/** Writes one component to its staging place. */
import type { Component } from '../../shared/component.js';
import type { ChunkReader } from '../repository/chunk-reader.js';
import type { FileEnd } from '../snapshot/record.js';
import { countReferences } from '../snapshot/references.js';
import type { FileWriter, Staging } from '../target.js';
import {
  blameFile,
  type DirectoryRecord,
  type EntryVisitor,
  type FileRecord,
  type ManifestPart,
  type PartsVisitor,
  type SymlinkRecord,
  walkManifest,
} from './file-walker.js';
import { TaskPool } from './task-pool.js';

/** Small files are written this many at a time. */
const FILES_AT_A_TIME = 12;
/** A file of at most this many chunks is small. */
const SMALL_FILE_CHUNKS = 8;

/** Told of every file that was written or left alone, and every byte. */
export interface StageCounter {
  written(bytes: number): void;
  restored(): void;
  skipped(bytes: number): void;
}

/**
 * Stages every entry of `part`, and the folders above them.
 * @throws IntegrityError naming a file that is damaged, StorageError or SourceError when the place cannot be written
 */
export async function stageComponent(
  reader: ChunkReader,
  component: Component,
  part: ManifestPart,
  staging: Staging,
  counter: StageCounter,
): Promise<void> {
  const stager = new Stager(reader, component, staging, counter);
  try {
    await walkManifest(reader, part, stager);
  } finally {
    await stager.pool.settle();
  }
  await staging.finish();
}

class Stager implements EntryVisitor {
  readonly pool = new TaskPool(FILES_AT_A_TIME);
  readonly #reader: ChunkReader;
  readonly #component: Component;
  readonly #staging: Staging;
  readonly #counter: StageCounter;

  constructor(reader: ChunkReader, component: Component, staging: Staging, counter: StageCounter) {
    this.#reader = reader;
    this.#component = component;
    this.#staging = staging;
    this.#counter = counter;
  }

  async directory(record: DirectoryRecord): Promise<void> {
    await this.#staging.directory(record);
  }

  async symlink(record: SymlinkRecord): Promise<void> {
    await this.#staging.symlink(record);
  }

  async wholeFile(record: FileRecord & { end: FileEnd }): Promise<void> {
    const writer = await this.#staging.file(record);
    if (!writer) return this.#counter.skipped(record.end.sizeBytes);
    const write = async () => {
      const file = this.#fileVisitor(record, writer);
      try {
        await file.part(record.content);
        await file.end(record.end);
      } catch (error) {
        await writer.abort();
        throw error;
      }
    };
    if (countReferences(record.content) > SMALL_FILE_CHUNKS) return write();
    try {
      await this.pool.add(write);
    } catch (error) {
      await writer.abort(); // an earlier task failed: this one never began
      throw error;
    }
  }

  async beginFile(record: FileRecord): Promise<PartsVisitor> {
    const writer = await this.#staging.file(record);
    if (writer) return this.#fileVisitor(record, writer);
    return {
      part: async () => {},
      end: async (end) => this.#counter.skipped(end.sizeBytes),
      abort: async () => {},
    };
  }

  #fileVisitor(record: FileRecord, writer: FileWriter): PartsVisitor {
    return {
      part: async (content) => {
        try {
          for await (const chunk of this.#reader.readAll(content)) {
            await writer.write(chunk);
            this.#counter.written(chunk.length);
          }
        } catch (error) {
          throw blameFile(error, this.#component, record.path);
        }
      },
      end: async (end) => {
        await writer.close(end);
        this.#counter.restored();
      },
      abort: () => writer.abort(),
    };
  }
}
