/**
 * Writes a backup as an archive that ordinary programs open: `<root>/<component>/…`, with a `manifest.json` that says
 * what it is, and a `SHA256SUMS` at the end with which `sha256sum -c` checks everything. The archive package writes
 * ZIP and TAR; compression of TAR is put behind it.
 *
 * An archive that is not finished lacks what its format ends with, and says so to every program that reads it.
 */
import { createHash } from 'node:crypto';
import { PassThrough, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import { type Archiver, TarArchive, ZipArchive } from 'archiver';
import type { SnapshotPiece, StreamedEntry } from '../engine/index.js';
import type { ArchiveFormat } from '../shared/archive-format.js';
import { InvalidInputError, invariant } from '../shared/errors.js';
import { toChecksumLine } from './checksum-list.js';
import { type NameStyle, toEntryName, toLinkTarget } from './entry-names.js';
import { EntryWriter, type FileContent } from './entry-writer.js';

/** ZIP keeps about 1.3 KB of every entry in memory until its end. */
export const MAX_ZIP_ENTRIES = 50_000;
const LEVEL = 6;
const ZSTD_LEVEL = 3;

/** What goes into an archive. */
export interface ArchiveContents {
  /** The one folder at the top (`toRootName`). */
  rootName: string;
  /** Time of the folders and files that the archive adds. */
  createdAt: Date;
  /** Written as `manifest.json`. */
  manifest: Record<string, unknown>;
  /** The backup's entries with their content. */
  pieces: AsyncIterable<SnapshotPiece>;
  /** The same entries again, without content: asked for at the end, for their checksums. */
  entries(): AsyncIterable<SnapshotPiece>;
}

/**
 * Writes the archive to `output`, as fast as that takes it, and ends it.
 * `output` is destroyed, not ended, when anything fails.
 * @throws what went wrong first: of the contents, of `output`, or the signal; InvalidInputError for a ZIP of
 *   more than MAX_ZIP_ENTRIES entries
 */
export async function writeArchive(
  contents: ArchiveContents,
  { format, output, signal }: { format: ArchiveFormat; output: Writable; signal: AbortSignal },
): Promise<void> {
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const archive = createArchive(format);
  archive.on('error', (error) => stop.abort(error));
  let isWhole = true;
  const fail = (error: unknown) => {
    isWhole = false;
    stop.abort(error); // what came first stays the reason
  };
  const writer = new EntryWriter(archive, { isTar: format !== 'ZIP', signal: stopped });
  // The archiver is never destroyed: in the middle of an entry it would throw past every listener. It is left alone, and
  // holds nothing but memory.
  const head = new PassThrough();
  stopped.addEventListener('abort', () => archive.unpipe(head), { once: true });
  archive.pipe(head);
  const flowing = pipeline([head, ...createCompressor(format), output], { signal: stopped }).catch(fail);
  const filling = fill(writer, contents, format === 'ZIP' ? 'zip' : 'tar')
    .then(() => void archive.finalize().catch(fail))
    .catch(fail);
  await Promise.all([flowing, filling]);
  if (!isWhole) throw stopped.reason; // waits that it ended say only that they were ended
}

function createArchive(format: ArchiveFormat): Archiver {
  return format === 'ZIP' ? new ZipArchive({ zlib: { level: LEVEL } }) : new TarArchive();
}

function createCompressor(format: ArchiveFormat) {
  if (format === 'TAR_GZ') return [createGzip({ level: LEVEL })];
  if (format !== 'TAR_ZST') return [];
  const { ZSTD_c_checksumFlag, ZSTD_c_compressionLevel } = constants;
  return [
    createZstdCompress({ params: { [ZSTD_c_checksumFlag]: 1, [ZSTD_c_compressionLevel]: ZSTD_LEVEL } }),
  ];
}

async function fill(writer: EntryWriter, contents: ArchiveContents, style: NameStyle): Promise<void> {
  const { rootName, createdAt } = contents;
  const own = { mtimeNs: BigInt(createdAt.getTime()) * 1_000_000n, uid: 0, gid: 0 };
  const addFolder = (name: string) => writer.directory({ ...own, name, mode: 0o755 });
  const addFile = (name: string, sizeBytes: number, content: FileContent) =>
    writer.file({ ...own, name: `${rootName}/${name}`, mode: 0o644 }, sizeBytes, content);

  await addFolder(rootName);
  const manifest = Buffer.from(`${JSON.stringify(contents.manifest, null, 2)}\n`);
  await addFile('manifest.json', manifest.length, only(manifest));
  const manifestLine = toChecksumLine(createHash('sha256').update(manifest).digest(), 'manifest.json');
  let sumsBytes = Buffer.byteLength(manifestLine);

  let component: string | null = null;
  let count = 0;
  const pieces = contents.pieces[Symbol.asyncIterator]();
  try {
    for (let next = await pieces.next(); !next.done; ) {
      const entry = next.value;
      invariant(entry.kind !== 'content', 'content follows the file that it belongs to');
      if (++count > MAX_ZIP_ENTRIES && style === 'zip') throw tooManyForZip(count);
      if (entry.component !== component) {
        component = entry.component;
        await addFolder(`${rootName}/${component.toLowerCase()}`);
      }
      const name = toName(entry, style);
      const named = { ...entry, name: `${rootName}/${name}` };
      if (entry.kind === 'file') {
        const content = new ContentOf(pieces);
        await writer.file(named, entry.sizeBytes, content);
        sumsBytes += Buffer.byteLength(toChecksumLine(entry.checksum, name));
        next = content.following ?? (await pieces.next());
        continue;
      }
      if (entry.kind === 'directory') await writer.directory(named);
      else await writer.symlink(named, toLinkTarget(entry.target));
      next = await pieces.next();
    }
  } finally {
    await pieces.return?.();
  }
  await addFile('SHA256SUMS', sumsBytes, listChecksums(manifestLine, contents.entries(), style));
}

/** @throws InvalidInputError when the format cannot hold this many files */
export function checkFileCount(format: ArchiveFormat, fileCount: number): void {
  if (format === 'ZIP' && fileCount > MAX_ZIP_ENTRIES) throw tooManyForZip(fileCount);
}

/** What is said to somebody who wants more in a ZIP than it is written with. */
function tooManyForZip(count: number): InvalidInputError {
  return new InvalidInputError(
    `A ZIP is written with at most ${MAX_ZIP_ENTRIES} entries, found ${count} or more; download a TAR format, or components or paths`,
    { details: { field: 'format' } },
  );
}

function toName(entry: StreamedEntry, style: NameStyle): string {
  return `${entry.component.toLowerCase()}/${toEntryName(entry.path, style)}`;
}

/** The content pieces that come next, and the first piece after them. */
class ContentOf implements FileContent {
  readonly #pieces: AsyncIterator<SnapshotPiece, void, void>;
  following: IteratorResult<SnapshotPiece, void> | null = null;

  constructor(pieces: AsyncIterator<SnapshotPiece, void, void>) {
    this.#pieces = pieces;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const next = await this.#pieces.next();
      if (next.done || next.value.kind !== 'content') {
        this.following = next;
        return;
      }
      yield next.value.bytes;
    }
  }
}

async function* listChecksums(
  first: string,
  entries: AsyncIterable<SnapshotPiece>,
  style: NameStyle,
): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from(first);
  for await (const entry of entries) {
    if (entry.kind === 'file') yield Buffer.from(toChecksumLine(entry.checksum, toName(entry, style)));
  }
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}
