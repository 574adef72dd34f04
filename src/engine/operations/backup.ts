/**
 * One backup: scan the sources, capture each component, make everything durable, commit the snapshot.
 *
 *     refresh the repository; count what the sources hold
 *     for each component in order (the database first, so that a file that it names is captured after it):
 *       walk source and parent manifest side by side; unchanged files are taken from the parent
 *     packs and indexes durable, then the snapshot: the backup exists from here on
 *
 * Memory: CHUNK_WRITER_BYTES, two windows of 1 MiB, and the blocks of the parent's manifest.
 */

import { toHex } from '../../shared/bytes.js';
import type { Clock } from '../../shared/clock.js';
import { type Component, sortComponents } from '../../shared/component.js';
import { CancelledError, IntegrityError, invariant, throwIfCancelled } from '../../shared/errors.js';
import type { SnapshotId } from '../codec/ids.js';
import type { Domain } from '../codec/object-header.js';
import type {
  BackupOutcome,
  BackupRequest,
  BackupUpdate,
  RunOptions,
  SnapshotDescription,
} from '../engine.js';
import { ChunkReader } from '../repository/chunk-reader.js';
import { ChunkWriter } from '../repository/chunk-writer.js';
import type { Lease } from '../repository/lease.js';
import type { CataloguedSnapshot, Repository } from '../repository/repository.js';
import type { References } from '../snapshot/references.js';
import { checksumOf, domainOf, type Snapshot, type SnapshotComponent } from '../snapshot/snapshot-object.js';
import type { Source } from '../source.js';
import { type CaptureDeps, type CapturedPart, ComponentCapture } from './capture-component.js';
import { refuseLostRoots } from './lost-roots.js';
import { Pacer } from './pacer.js';
import { ParentFiles, ParentIncompleteError } from './parent-files.js';

/** zstd level of a request that names none. */
export const DEFAULT_COMPRESSION_LEVEL = 1;

/** What a backup works with. */
export interface BackupDeps {
  repository: Repository;
  sources: ReadonlyMap<Component, Source>;
  clock: Clock;
  /** Said before what the sources have to say. */
  notices?: readonly string[];
  /** True: takes what is there, although the last backup holds more. */
  mayLackRoots?: boolean;
}

/**
 * Runs one backup to its commit.
 * @throws CancelledError, SourceError, StorageError; nothing reachable is left then
 */
export async function runBackup(
  deps: BackupDeps,
  request: BackupRequest,
  options: RunOptions<BackupUpdate>,
): Promise<BackupOutcome> {
  return new BackupRun(deps, request, options).run();
}

/** A component of an earlier backup. */
interface ParentPart {
  id: SnapshotId;
  part: CataloguedSnapshot['components'][number];
  domain: Domain;
}

const DOMAINS: readonly Domain[] = ['sealed', 'plain'];

class BackupRun {
  readonly #deps: BackupDeps;
  readonly #request: BackupRequest;
  readonly #options: RunOptions<BackupUpdate>;
  readonly #domain: Domain;
  readonly #components: Component[];
  readonly #update: BackupUpdate = {
    phase: 'SCANNING',
    component: null,
    processedBytes: 0,
    totalBytes: 0,
    storedBytes: 0,
    processedFiles: 0,
    totalFiles: 0,
  };

  constructor(deps: BackupDeps, request: BackupRequest, options: RunOptions<BackupUpdate>) {
    this.#deps = deps;
    this.#request = request;
    this.#options = options;
    this.#domain = domainOf({ encrypted: request.encrypt });
    this.#components = sortComponents(request.components);
  }

  async run(): Promise<BackupOutcome> {
    const { signal } = this.#options;
    this.#report();
    try {
      return await this.#deps.repository.withLease('writer', this.#signalOption(), (lease) =>
        this.#capture(lease),
      );
    } catch (error) {
      throw signal?.aborted ? new CancelledError('The backup was cancelled', { cause: error }) : error;
    }
  }

  async #capture(lease: Lease): Promise<BackupOutcome> {
    const { repository, clock } = this.#deps;
    const { signal } = this.#options;
    const startedAtMs = clock.now().getTime();
    const writer = new ChunkWriter(repository, {
      domain: this.#domain,
      compressionLevel: this.#request.compress
        ? (this.#request.compressionLevel ?? DEFAULT_COMPRESSION_LEVEL)
        : null,
      ...(signal && { signal }),
    });
    try {
      await this.#scan();
      const parts = await this.#captureAll(writer);
      this.#enter('FINALIZING', null);
      await writer.commit();
      throwIfCancelled(signal);
      return await this.#commit(parts, lease, { storedBytes: writer.storedBytes, startedAtMs });
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  async #scan(): Promise<void> {
    for (const component of this.#components) {
      this.#enter('SCANNING', component);
      const source = this.#source(component);
      await this.#refuseLostRoots(component, source);
      const latest = this.#latest(component, source.description);
      const expected = latest && { totalBytes: latest.part.sizeBytes, totalFiles: latest.part.fileCount };
      const size = await source.scan({ ...this.#signalOption(), ...(expected && { expected }) });
      this.#update.totalBytes += size.totalBytes;
      this.#update.totalFiles += size.totalFiles;
      this.#report();
    }
  }

  /** A cache may go as it likes. */
  async #refuseLostRoots(component: Component, source: Source): Promise<void> {
    const absent = this.#deps.mayLackRoots || component === 'CACHE' ? [] : (source.absentPaths?.() ?? []);
    if (absent.length === 0) return;
    const latest = this.#latest(component, source.description, DOMAINS);
    const manifest = latest && (await this.#readManifest(latest.id, component));
    if (!manifest) return;
    const reader = new ChunkReader(this.#deps.repository, latest.domain, this.#signalOption());
    await refuseLostRoots(component, absent, reader.readAll(manifest));
  }

  async #captureAll(writer: ChunkWriter): Promise<CapturedPart[]> {
    const deps: CaptureDeps = {
      writer,
      keys: this.#deps.repository.keys,
      domain: this.#domain,
      pacer: new Pacer(this.#deps.clock, this.#options.signal),
      onDone: (bytes, files) => this.#done(writer, bytes, files),
    };
    const parts: CapturedPart[] = [];
    for (const component of this.#components) {
      this.#enter('CAPTURING', component);
      parts.push(await this.#captureOne(deps, component));
    }
    return parts;
  }

  /** With the latest parent when there is one, and without it when the parent turns out to be damaged. */
  async #captureOne(deps: CaptureDeps, component: Component): Promise<CapturedPart> {
    const source = this.#source(component);
    const { signal } = this.#options;
    const parent = await this.#openParent(component, source.description);
    try {
      return await new ComponentCapture(deps).run(component, source, parent, signal);
    } catch (error) {
      if (!(error instanceof ParentIncompleteError)) throw error;
      return await new ComponentCapture(deps).run(component, source, null, signal);
    } finally {
      await parent?.close();
    }
  }

  async #openParent(component: Component, description: string): Promise<ParentFiles | null> {
    const latest = this.#latest(component, description);
    if (!latest) return null;
    const manifest = await this.#readManifest(latest.id, component);
    const reader = new ChunkReader(this.#deps.repository, this.#domain, this.#signalOption());
    return manifest && new ParentFiles(reader, manifest);
  }

  /** The same component of the same source in the latest backup that holds it. */
  #latest(
    component: Component,
    description: string,
    domains: readonly Domain[] = [this.#domain],
  ): ParentPart | null {
    let latest: (ParentPart & { startedAtMs: number }) | null = null;
    for (const { id, startedAtMs, encrypted, components } of this.#deps.repository.catalogue()) {
      const domain = domainOf({ encrypted });
      if (!domains.includes(domain) || startedAtMs <= (latest?.startedAtMs ?? -1)) continue;
      const part = components.find((each) => each.component === component && each.source === description);
      if (part) latest = { id, part, domain, startedAtMs };
    }
    return latest;
  }

  /** Null when the snapshot is damaged: that must not stop a new backup, which then reads everything. */
  async #readManifest(id: SnapshotId, component: Component): Promise<References | null> {
    try {
      const snapshot = await this.#deps.repository.readSnapshot(id);
      return snapshot.components.find((part) => part.component === component)?.manifest.content ?? null;
    } catch (error) {
      if (error instanceof IntegrityError) return null;
      throw error;
    }
  }

  async #commit(
    captured: CapturedPart[],
    lease: Lease,
    { storedBytes, startedAtMs }: Pick<Snapshot, 'storedBytes' | 'startedAtMs'>,
  ): Promise<BackupOutcome> {
    const components: SnapshotComponent[] = captured.map(({ part }) => part);
    const sum = (field: 'sizeBytes' | 'fileCount') =>
      components.reduce((total, part) => total + part[field], 0);
    const snapshot: Snapshot = {
      version: 1,
      backupId: this.#request.backupId,
      startedAtMs,
      completedAtMs: this.#deps.clock.now().getTime(),
      encrypted: this.#request.encrypt,
      compressed: this.#request.compress,
      components,
      sizeBytes: sum('sizeBytes'),
      storedBytes,
      fileCount: sum('fileCount'),
      checksum: checksumOf(components),
      notices: [...(this.#deps.notices ?? []), ...captured.flatMap(({ notices }) => notices)],
      labels: this.#request.labels,
    };
    const snapshotId = await this.#deps.repository.commitSnapshot(snapshot, lease);
    return toOutcome(snapshotId, snapshot);
  }

  #source(component: Component): Source {
    const source = this.#deps.sources.get(component);
    invariant(source, 'every component has a source');
    return source;
  }

  #signalOption(): { signal?: AbortSignal } {
    return this.#options.signal ? { signal: this.#options.signal } : {};
  }

  #enter(phase: BackupUpdate['phase'], component: Component | null): void {
    this.#update.phase = phase;
    this.#update.component = component;
    this.#report();
  }

  #done(writer: ChunkWriter, bytes: number, files: number): void {
    const update = this.#update;
    update.processedBytes += bytes;
    update.processedFiles += files;
    update.totalBytes = Math.max(update.totalBytes, update.processedBytes); // the till goes on working
    update.totalFiles = Math.max(update.totalFiles, update.processedFiles);
    update.storedBytes = writer.blockBytes;
    this.#report();
  }

  #report(): void {
    this.#options.onProgress?.({ ...this.#update });
  }
}

/** What callers learn of a committed snapshot. */
export function toOutcome(
  snapshotId: SnapshotId,
  snapshot: Omit<Snapshot, 'components'> & { components: Omit<SnapshotComponent, 'manifest'>[] },
): BackupOutcome {
  return {
    snapshotId,
    components: snapshot.components.map((part) => ({
      component: part.component,
      source: part.source,
      sizeBytes: part.sizeBytes,
      storedBytes: part.storedBytes,
      fileCount: part.fileCount,
      checksum: toHex(part.checksum),
    })),
    sizeBytes: snapshot.sizeBytes,
    storedBytes: snapshot.storedBytes,
    fileCount: snapshot.fileCount,
    checksum: toHex(snapshot.checksum),
    notices: snapshot.notices,
  };
}

/** What callers learn of a snapshot in the catalogue. */
export function describeSnapshot(snapshot: CataloguedSnapshot): SnapshotDescription {
  const { backupId, encrypted, compressed, startedAtMs, completedAtMs, labels } = snapshot;
  const described = { backupId, encrypted, compressed, startedAtMs, completedAtMs, labels };
  return { ...toOutcome(snapshot.id, snapshot), ...described };
}
