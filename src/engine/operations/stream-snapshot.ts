/** Hands out the content of one snapshot, piece by piece: what a download is made from. */
import { createHash } from 'node:crypto';
import type { Component } from '../../shared/component.js';
import { IntegrityError, throwIfCancelled } from '../../shared/errors.js';
import type { SnapshotPiece, StreamRequest } from '../engine.js';
import { ChunkReader } from '../repository/chunk-reader.js';
import type { Repository } from '../repository/repository.js';
import { readRecords } from '../snapshot/manifest-reader.js';
import { printPath } from '../snapshot/paths.js';
import type { EntryMetadata, FileEnd, ManifestRecord } from '../snapshot/record.js';
import type { References } from '../snapshot/references.js';
import { domainOf } from '../snapshot/snapshot-object.js';
import { blameFile, type FileRecord, type ManifestPart } from './file-walker.js';
import { readSnapshot } from './read-snapshot.js';
import { readAhead } from './record-stream.js';
import { chooseParts } from './restore-parts.js';
import { assertContent } from './validate-component.js';

/**
 * The pieces of what `request` names; see `Engine.streamSnapshot`. Holds what a ChunkReader does, and one chunk, and a
 * lease until it has ended: it must be read to its end, or returned.
 * @throws CancelledError, NotFoundError, InvalidInputError, StorageError, IntegrityError
 * @throws AppError INTERRUPTED when the lease was revoked, and what it reads may be gone
 */
export async function* streamSnapshot(
  repository: Repository,
  request: StreamRequest,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<SnapshotPiece, void, void> {
  const leaseOptions = { snapshot: request.snapshotId, ...(signal && { signal }) };
  yield* repository.streamWithLease('reader', leaseOptions, () => streamLeased(repository, request, signal));
}

async function* streamLeased(
  repository: Repository,
  request: StreamRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<SnapshotPiece, void, void> {
  const signalOption = signal ? { signal } : {};
  const snapshot = await readSnapshot(repository, request.snapshotId);
  const reader = new ChunkReader(repository, domainOf(snapshot), signalOption);
  const { components, paths = null } = request;
  for (const part of await chooseParts(reader, snapshot, { components: [...components], paths })) {
    yield* streamPart(reader, part, { withContent: request.withContent, ...signalOption });
  }
}

async function* streamPart(
  reader: ChunkReader,
  { component, content }: { component: Component; content: ManifestPart },
  { withContent, signal }: { withContent: boolean; signal?: AbortSignal },
): AsyncGenerator<SnapshotPiece, void, void> {
  const ends = new FileEnds(reader, content.manifest);
  let file: OpenFile | null = null;
  try {
    for await (const record of withContent ? readContent(reader, content) : readEntries(reader, content)) {
      throwIfCancelled(signal);
      if (record.kind === 'directory') yield { kind: 'directory', ...metadataOf(component, record) };
      else if (record.kind === 'symlink')
        yield { kind: 'symlink', ...metadataOf(component, record), target: record.target };
      else {
        if (record.kind === 'file') {
          yield {
            kind: 'file',
            ...metadataOf(component, record),
            ...(record.end ?? (await ends.find(record))),
          };
          file = withContent ? new OpenFile(reader, component, record.path) : null;
        }
        if (file) yield* file.read(record);
      }
    }
  } finally {
    await ends.close();
  }
}

function readContent(reader: ChunkReader, { manifest, selection }: ManifestPart) {
  return readAhead(reader, manifest, { selection });
}

function readEntries(
  reader: ChunkReader,
  { manifest, selection }: ManifestPart,
): AsyncGenerator<ManifestRecord> {
  const records = readRecords(reader.readAll(manifest));
  return selection ? selection.filter(records) : records;
}

function metadataOf(component: Component, { path, mode, mtimeNs, uid, gid }: EntryMetadata) {
  return { component, path, mode, mtimeNs, uid, gid };
}

/** The content of one file, checked. Holds the last chunk back until the file is known to be whole. */
class OpenFile {
  readonly #reader: ChunkReader;
  readonly #component: Component;
  readonly #path: Buffer;
  readonly #sum = createHash('sha256');
  #sizeBytes = 0;
  #held: Buffer | null = null;

  constructor(reader: ChunkReader, component: Component, path: Buffer) {
    this.#reader = reader;
    this.#component = component;
    this.#path = path;
  }

  /** The pieces of one of the file's records; a record with an end gives the last one. */
  async *read(record: {
    content: References;
    end: FileEnd | null;
  }): AsyncGenerator<SnapshotPiece, void, void> {
    try {
      for await (const chunk of this.#reader.readAll(record.content)) {
        if (this.#held) yield { kind: 'content', bytes: this.#held };
        this.#sum.update(chunk);
        this.#sizeBytes += chunk.length;
        this.#held = chunk;
      }
      if (!record.end) return;
      assertContent(this.#sum, this.#sizeBytes, record.end);
    } catch (error) {
      throw blameFile(error, this.#component, this.#path);
    }
    if (this.#held) yield { kind: 'content', bytes: this.#held };
    this.#held = null;
  }
}

/**
 * Finds the size and checksum of files whose content has several records: they stand in the last one. Reads the manifest
 * once more, ahead of the stream, and keeps nothing of it.
 */
class FileEnds {
  readonly #reader: ChunkReader;
  readonly #manifest: References;
  #records: AsyncGenerator<ManifestRecord> | null = null;

  constructor(reader: ChunkReader, manifest: References) {
    this.#reader = reader;
    this.#manifest = manifest;
  }

  /** To be called for files in manifest order. */
  async find({ path }: FileRecord): Promise<FileEnd> {
    this.#records ??= readRecords(this.#reader.readAll(this.#manifest));
    let isFound = false;
    for (;;) {
      const { value: record, done } = await this.#records.next();
      if (done) throw new IntegrityError(`The manifest does not say where "${printPath(path)}" ends`);
      if (record.kind === 'file') isFound = record.path.equals(path);
      if (isFound && 'end' in record && record.end) return record.end;
    }
  }

  async close(): Promise<void> {
    await this.#records?.return(undefined);
  }
}
