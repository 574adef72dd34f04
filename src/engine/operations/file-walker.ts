/** Goes through the files of a manifest, whole file by whole file, however many records a file has. */
import type { Component } from '../../shared/component.js';
import { IntegrityError } from '../../shared/errors.js';
import type { ChunkReader } from '../repository/chunk-reader.js';
import type { PathSelection } from '../snapshot/path-selection.js';
import { printPath } from '../snapshot/paths.js';
import type { FileEnd, ManifestRecord } from '../snapshot/record.js';
import type { References } from '../snapshot/references.js';
import { readAhead } from './record-stream.js';

/** A file as the manifest has it. */
export type FileRecord = Extract<ManifestRecord, { kind: 'file' }>;
export type DirectoryRecord = Extract<ManifestRecord, { kind: 'directory' }>;
export type SymlinkRecord = Extract<ManifestRecord, { kind: 'symlink' }>;

/** What to do with the entries of a manifest. Called in order; a file's parts come between its `file` and its end. */
export interface EntryVisitor {
  directory(record: DirectoryRecord): Promise<void>;
  symlink(record: SymlinkRecord): Promise<void>;
  /** A file with all its content in one record. */
  wholeFile(record: FileRecord & { end: FileEnd }): Promise<void>;
  /** Begins a file of several records. */
  beginFile(record: FileRecord): Promise<PartsVisitor>;
}

/** Takes the records of one large file. */
export interface PartsVisitor {
  part(content: References): Promise<void>;
  end(end: FileEnd): Promise<void>;
  /** The file will not be ended. */
  abort(): Promise<void>;
}

/** A manifest, and which of its entries are meant; null: all. */
export interface ManifestPart {
  manifest: References;
  selection: PathSelection | null;
  /** Files that are passed over, by the latin1 text of their paths. */
  except?: ReadonlySet<string>;
}

/** Visits every entry of `part`, and the folders above them. */
export async function walkManifest(
  reader: ChunkReader,
  { manifest, selection, except }: ManifestPart,
  visitor: EntryVisitor,
): Promise<void> {
  let parts: PartsVisitor | null = null;
  try {
    for await (const record of readAhead(reader, manifest, { selection, except })) {
      if (record.kind === 'directory') await visitor.directory(record);
      else if (record.kind === 'symlink') await visitor.symlink(record);
      else if (record.kind === 'file' && record.end) await visitor.wholeFile({ ...record, end: record.end });
      else {
        if (record.kind === 'file') parts = await visitor.beginFile(record);
        await parts?.part(record.content);
        if (record.end) {
          await parts?.end(record.end);
          parts = null;
        }
      }
    }
  } finally {
    await parts?.abort();
  }
}

/** Says of an integrity error which file it would have spoiled. Other errors are passed on as they are. */
export function blameFile(error: unknown, component: Component, path: Buffer): unknown {
  if (!(error instanceof IntegrityError) || 'path' in error.details) return error;
  const name = printPath(path);
  return new IntegrityError(
    `File "${name}" of component ${component} is damaged in this backup (${error.message}); restore from another backup`,
    { cause: error, details: { ...error.details, component, path: name } },
  );
}
