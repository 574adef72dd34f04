/** Captures one component: every entry of its source into a manifest, and every new chunk into the writer. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Component } from '../../shared/component.js';
import { type ChunkCutter, createContentCutter, pageRunCutter } from '../chunker/chunk-cutter.js';
import { createGearTable } from '../chunker/gear-chunker.js';
import type { KeyRing } from '../codec/key-ring.js';
import type { Domain } from '../codec/object-header.js';
import type { ChunkWriter } from '../repository/chunk-writer.js';
import { type FileRecorder, ManifestWriter } from '../snapshot/manifest-writer.js';
import { printPath } from '../snapshot/paths.js';
import { encodeReference, type References } from '../snapshot/references.js';
import type { SnapshotComponent } from '../snapshot/snapshot-object.js';
import type { FileEntry, FileReader, Source, SourceEntry } from '../source.js';
import { ContentStorer } from './content-storer.js';
import type { Pacer } from './pacer.js';
import type { ParentFiles } from './parent-files.js';

/** A file that keeps changing is read this often, then kept as it was read last and reported. */
const READ_ATTEMPTS = 3;
const RETRY_AFTER_MS = 20;

export interface CaptureDeps {
  writer: ChunkWriter;
  keys: KeyRing;
  domain: Domain;
  pacer: Pacer;
  /** Told of every file and byte that is done. */
  onDone: (bytes: number, files: number) => void;
}

/** A captured component, and what there is to say of it. */
export interface CapturedPart {
  part: SnapshotComponent;
  notices: string[];
}

/** Captures one component, once. */
export class ComponentCapture {
  readonly #deps: CaptureDeps;
  readonly #contentCutter: ChunkCutter;
  readonly #data: ContentStorer;
  readonly #manifest: ContentStorer;

  constructor(deps: CaptureDeps) {
    this.#deps = deps;
    this.#contentCutter = createContentCutter(createGearTable(deps.keys.chunkerKey(deps.domain)));
    this.#data = new ContentStorer(deps.writer, 'data');
    this.#manifest = new ContentStorer(deps.writer, 'manifest');
  }

  /**
   * Captures `source`.
   * @param parent the same component in an earlier backup, so that unchanged files are not read
   * @throws SourceError when the source cannot be read, ParentIncompleteError when `parent` cannot
   */
  async run(
    component: Component,
    source: Source,
    parent: ParentFiles | null,
    signal?: AbortSignal,
  ): Promise<CapturedPart> {
    const storedBefore = this.#deps.writer.blockBytes;
    const manifestReferences: References[] = [];
    const onManifestChunk = async (id: Buffer, sizeBytes: number) => {
      manifestReferences.push(encodeReference(id, sizeBytes));
    };
    const manifest = new ManifestWriter((bytes) =>
      this.#manifest.push(bytes, this.#contentCutter, onManifestChunk),
    );
    const capture = await source.capture(signal ? { signal } : {});
    const notices: string[] = [];
    try {
      for await (const entry of capture.entries()) {
        await this.#entry(entry, manifest, parent, notices);
        await this.#deps.pacer.pause();
      }
      notices.push(...capture.notices);
    } finally {
      await capture.close();
    }
    await this.#manifest.end(onManifestChunk);
    await this.#deps.writer.flush();
    const totals = manifest.totals();
    return {
      part: {
        component,
        source: source.description,
        sizeBytes: totals.sizeBytes,
        storedBytes: this.#deps.writer.blockBytes - storedBefore,
        fileCount: totals.fileCount,
        checksum: totals.contentChecksum,
        manifest: {
          sizeBytes: totals.manifestBytes,
          checksum: totals.manifestChecksum,
          content: Buffer.concat(manifestReferences),
        },
      },
      notices,
    };
  }

  async #entry(
    entry: SourceEntry,
    manifest: ManifestWriter,
    parent: ParentFiles | null,
    notices: string[],
  ): Promise<void> {
    if (entry.kind === 'directory') return manifest.directory(entry);
    if (entry.kind === 'symlink') return manifest.symlink(entry);
    const known = parent && (await parent.unchanged(entry));
    if (!known) return this.#readFile(entry, manifest, notices);
    const recorder = manifest.file(entry, entry.identity);
    for await (const { content, end } of known) await recorder.addAll(content, end);
    this.#deps.onDone(entry.sizeBytes, 1);
  }

  async #readFile(entry: FileEntry, manifest: ManifestWriter, notices: string[]): Promise<void> {
    const first = entry.open();
    if (!first) {
      notices.push(`File "${printPath(entry.path)}" vanished before it was read`);
      return;
    }
    const recorder = manifest.file(entry, entry.identity);
    let reader: FileReader | null = first;
    for (let attempt = 1; ; attempt++) {
      const { end, hasChanged } = await this.#readContent(entry, reader, recorder);
      reader = hasChanged && attempt < READ_ATTEMPTS ? await reopen(entry) : null;
      if (reader && recorder.restart()) continue; // what was read is only forgotten when there is something to read again
      reader?.close();
      if (hasChanged)
        notices.push(
          `File "${printPath(entry.path)}" changed while it was read; it is kept as it was read last`,
        );
      this.#deps.onDone(0, 1);
      return recorder.end(end);
    }
  }

  async #readContent(entry: FileEntry, reader: FileReader, recorder: FileRecorder) {
    const cutter = entry.cutting === 'pages' ? pageRunCutter : this.#contentCutter;
    try {
      const end = await this.#data.store(
        (buffer) => reader.read(buffer),
        cutter,
        (id, sizeBytes) => recorder.add(id, sizeBytes),
        async (bytes) => {
          this.#deps.onDone(bytes, 0);
          await this.#deps.pacer.pause();
        },
      );
      return { end, hasChanged: reader.hasChanged() };
    } finally {
      reader.close();
    }
  }
}

async function reopen(entry: FileEntry): Promise<FileReader | null> {
  await wait(RETRY_AFTER_MS);
  return entry.open();
}
