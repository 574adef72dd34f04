/** Downloads of backups: who may have what, written down from the beginning to the end. */
import type { Writable } from 'node:stream';
import type { ArchiveContents } from '../archive/write-archive.js';
import type { BackupRepository } from '../db/backup-repository.js';
import type { Engine, SnapshotPiece } from '../engine/index.js';
import { ARCHIVE_FORMAT_DESCRIPTIONS, type ArchiveFormat } from '../shared/archive-format.js';
import type { Component } from '../shared/component.js';
import type { DownloadRequest } from '../shared/download.js';
import { AppError, ConflictError, NotFoundError } from '../shared/errors.js';
import type { Actor, BackupRecord } from '../shared/operation.js';
import type { AuditService } from './audit-service.js';
import type { DownloadLinks, LinkClaims } from './download-links.js';
import { checkComponents, checkPaths, chooseHeld } from './input-rules.js';
import type { OpenDownloads } from './open-downloads.js';

/** Writes archives: `archive/write-archive.ts`. */
export interface ArchiveMaker {
  /** Writes `contents` to `output` and ends it; destroys it when anything fails, and throws that. */
  write(
    contents: ArchiveContents,
    options: { format: ArchiveFormat; output: Writable; signal: AbortSignal },
  ): Promise<void>;
  /** The folder at the top of an archive, from the name of a backup. */
  toRootName(backupName: string): string;
  /** @throws InvalidInputError when the format cannot hold this many files */
  checkFileCount(format: ArchiveFormat, fileCount: number): void;
}

/** What the download service works with. */
export interface DownloadServiceDeps {
  backups: Pick<BackupRepository, 'find' | 'isBeingDeleted'>;
  engine: Pick<Engine, 'streamSnapshot'>;
  archives: ArchiveMaker;
  links: DownloadLinks;
  open: OpenDownloads;
  audit: AuditService;
}

/** What a download would be called. */
export interface DownloadName {
  /** Such as backup-2026-01-31-abcdef.tar.zst. */
  fileName: string;
  mediaType: string;
}

/** A download that has begun: its first entry was read, so that what is wrong with it shows before anything is sent. */
export interface Download extends DownloadName {
  /**
   * Writes the archive and ends `output`, or destroys it. To be called once.
   * @param countSent bytes that have left, for the audit log
   * @throws what went wrong, when `output` is destroyed
   */
  write(output: Writable, countSent: () => number): Promise<void>;
  /** Lets go of it; always to be called. May be called twice. */
  close(): Promise<void>;
}

/** A download that was found possible. */
interface Plan extends DownloadName {
  request: DownloadRequest;
  backup: BackupRecord & { snapshotId: string };
  components: Component[];
  rootName: string;
}

interface WriteOptions {
  pieces: AsyncIterable<SnapshotPiece>;
  output: Writable;
  countSent: () => number;
  signal: AbortSignal;
}

export class DownloadService {
  readonly #deps: DownloadServiceDeps;

  constructor(deps: DownloadServiceDeps) {
    this.#deps = deps;
  }

  /** A link to the download for `actor`, good for five minutes; null when the backup has not COMPLETED. */
  createLink(
    actor: Actor,
    backup: Pick<BackupRecord, 'id' | 'status'>,
    request: Omit<DownloadRequest, 'backupId'>,
  ): string | null {
    if (backup.status !== 'COMPLETED') return null;
    return this.#deps.links.create(normalize({ ...request, backupId: backup.id }), actor.subject);
  }

  /** Who uses a link. @throws UnauthenticatedError when it is not right, or has ended */
  identify(request: DownloadRequest, claims: LinkClaims, remoteAddress: string | null): Actor {
    this.#deps.links.verify(normalize(request), claims);
    return { subject: claims.subject, role: 'ADMIN', remoteAddress };
  }

  /**
   * What the download would be, without beginning it; paths are not looked for.
   * @throws InvalidInputError, NotFoundError, ConflictError when the backup is not COMPLETED
   */
  async describe(request: DownloadRequest): Promise<DownloadName> {
    const { fileName, mediaType } = await this.#plan(normalize(request));
    return { fileName, mediaType };
  }

  /**
   * Begins a download, and keeps the backup from being deleted until it is closed.
   * @param options.signal ends it
   * @throws as `describe`; ConflictError when the backup is being deleted, StorageError when too many downloads run,
   *   IntegrityError, CancelledError
   */
  async begin(
    actor: Actor,
    request: DownloadRequest,
    { signal }: { signal: AbortSignal },
  ): Promise<Download> {
    let begun: Download | null = null;
    const begin = async () => {
      begun = await this.#begin(actor, await this.#plan(normalize(request)), signal);
      return { result: begun, target: request.backupId };
    };
    try {
      return await this.#deps.audit.watch(actor, 'backup.download.start', begin, request.backupId);
    } catch (error) {
      await (begun as Download | null)?.close(); // it could not be written down, so it is not done
      throw error;
    }
  }

  async #plan(request: DownloadRequest): Promise<Plan> {
    const { archives } = this.#deps;
    const backup = await this.#find(request.backupId);
    const components = chooseHeld(backup, request.components, request.paths !== null);
    if (request.paths === null) archives.checkFileCount(request.format, countFiles(backup, components));
    const rootName = archives.toRootName(backup.name);
    const { extension, mediaType } = ARCHIVE_FORMAT_DESCRIPTIONS[request.format];
    return { request, backup, components, rootName, fileName: rootName + extension, mediaType };
  }

  async #find(id: string): Promise<BackupRecord & { snapshotId: string }> {
    const backup = await this.#deps.backups.find(id);
    if (backup === null) throw new NotFoundError(`There is no backup '${id}'`);
    const { snapshotId } = backup;
    if (backup.status === 'COMPLETED' && snapshotId !== null) return { ...backup, snapshotId };
    throw new ConflictError(
      `Only a COMPLETED backup can be downloaded, found '${backup.name}' ${backup.status}`,
    );
  }

  async #begin(actor: Actor, plan: Plan, signal: AbortSignal): Promise<Download> {
    const { open, backups } = this.#deps;
    const { backup, fileName, mediaType } = plan;
    const end = open.begin(backup.id);
    let pieces: AsyncIterator<SnapshotPiece, void> | null = null;
    const close = async () => {
      try {
        await pieces?.return?.();
      } finally {
        end();
      }
    };
    try {
      // Asked once the download is counted: a deletion that began meanwhile sees it, or this sees the deletion.
      if (await backups.isBeingDeleted(backup.id))
        throw new ConflictError(`Backup '${backup.name}' is being deleted`);
      const stream = this.#stream(plan, { withContent: true, signal })[Symbol.asyncIterator]();
      pieces = stream;
      const first = await stream.next();
      const write: Download['write'] = (output, countSent) =>
        this.#write(actor, plan, { pieces: resume(first, stream), output, countSent, signal });
      return { fileName, mediaType, write, close };
    } catch (error) {
      await close();
      throw error;
    }
  }

  #stream(
    { backup, components, request }: Plan,
    { withContent, signal }: { withContent: boolean; signal: AbortSignal },
  ): AsyncIterable<SnapshotPiece> {
    const { snapshotId } = backup;
    const { paths } = request;
    return this.#deps.engine.streamSnapshot({ snapshotId, components, paths, withContent }, { signal });
  }

  async #write(actor: Actor, plan: Plan, { pieces, output, countSent, signal }: WriteOptions): Promise<void> {
    const { backup, request, rootName } = plan;
    const contents: ArchiveContents = {
      rootName,
      createdAt: backup.completedAt ?? backup.createdAt,
      manifest: describe(plan),
      pieces,
      entries: () => this.#stream(plan, { withContent: false, signal }),
    };
    try {
      await this.#deps.archives.write(contents, { format: request.format, output, signal });
    } catch (error) {
      const outcome = `${codeOf(error, signal)}, ${countSent()} bytes`;
      await Promise.allSettled([this.#recordEnd(actor, backup, outcome)]);
      throw error;
    }
    await this.#recordEnd(actor, backup, `ok, ${countSent()} bytes`);
  }

  #recordEnd({ subject, role, remoteAddress }: Actor, { id }: BackupRecord, outcome: string): Promise<void> {
    const event = { actor: subject, role, remoteAddress, action: 'backup.download', target: id, outcome };
    return this.#deps.audit.record(event);
  }
}

/** What was read already, and the rest. */
async function* resume(
  first: IteratorResult<SnapshotPiece, void>,
  rest: AsyncIterator<SnapshotPiece, void>,
): AsyncGenerator<SnapshotPiece, void, void> {
  for (let next = first; !next.done; next = await rest.next()) yield next.value;
}

/** The request in the one form that is signed: each component and each path once, in order. */
function normalize(request: DownloadRequest): DownloadRequest {
  const { components, paths } = request;
  return {
    ...request,
    components: components && checkComponents(components),
    paths: paths && checkPaths(paths),
  };
}

function countFiles(backup: BackupRecord, components: readonly Component[]): number {
  const taken = backup.components.filter(({ component }) => components.includes(component));
  return taken.reduce((sum, { fileCount }) => sum + fileCount, 0);
}

/** Of somebody who left: CANCELLED, whichever way it came to light. */
function codeOf(error: unknown, signal: AbortSignal): string {
  if (error instanceof AppError) return error.code;
  return signal.aborted ? 'CANCELLED' : 'INTERNAL_SERVER_ERROR';
}

/** `manifest.json`: what the archive is, for people and programs that find it later. */
function describe({ backup, components, request: { paths } }: Plan) {
  return {
    format: 1,
    backup: {
      id: backup.id,
      name: backup.name,
      type: backup.type,
      createdAt: backup.createdAt.toISOString(),
      completedAt: backup.completedAt?.toISOString() ?? null,
      checksum: backup.checksum,
      notices: backup.notices,
    },
    paths,
    components: backup.components
      .filter(({ component }) => components.includes(component))
      .map(({ component, source, sizeBytes, fileCount, checksum }) => ({
        component,
        folder: component.toLowerCase(),
        source,
        sizeBytes,
        fileCount,
        checksum,
      })),
  };
}
