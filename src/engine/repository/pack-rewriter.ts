/**
 * Copies what is alive out of packs that are given up. A block that is wholly alive is sealed anew as it is; of others
 * the chunks that are alive are taken, compared with their ids, and laid into new blocks.
 *
 * Memory: one stored pack (under 64 MiB), two pack buffers of 17 MiB for each domain, and a few blocks of 1 MiB.
 */
import { IntegrityError, NotFoundError, throwIfCancelled } from '../../shared/errors.js';
import { type ChunkIdOf, createChunkIdOf } from '../codec/chunk-id.js';
import { HASH_BYTES, idOf, type PackId } from '../codec/ids.js';
import { type Domain, decodeHeader } from '../codec/object-header.js';
import { decodeContent, type Encoded, encodeRaw, type OpenedSegment, openSegment } from '../codec/segment.js';
import { ZstdLanes } from '../codec/zstd-lanes.js';
import { MAX_INDEXED_PACKS } from '../index/index-object.js';
import { PACK_BUFFER_BYTES, PackBuilder } from '../pack/pack-builder.js';
import { type PackDescription, readPackTable } from '../pack/pack-reader.js';
import { type ChunkEntry, MAX_BLOCK_BYTES, visitPackTable } from '../pack/pack-table.js';
import type { Liveness, PackLife } from './liveness.js';
import { packKey, type Repository } from './repository.js';

/** zstd level of blocks that are made anew from several. */
const COMPRESSION_LEVEL = 3;

interface Block {
  segment: number;
  /** Offset of its segment in the pack. */
  offset: number;
  storedBytes: number;
  chunks: (ChunkEntry & { offset: number; isLive: boolean })[];
}

interface Stream {
  pack: PackBuilder | null;
  /** Chunks that are alive, of blocks that are not wholly alive. */
  rest: { content: Buffer; size: number; chunks: ChunkEntry[]; isCompressed: boolean } | null;
}

export class PackRewriter {
  readonly #repository: Repository;
  readonly #liveness: Liveness;
  readonly #signal: AbortSignal | undefined;
  readonly #lane = new ZstdLanes(COMPRESSION_LEVEL, 1);
  readonly #streams = new Map<string, Stream & { domain: Domain }>();
  readonly #chunkIdOf: Record<Domain, ChunkIdOf>;
  readonly #written: Record<Domain, PackDescription[]> = { plain: [], sealed: [] };
  readonly #buffers: Buffer[] = [];
  #writtenBytes = 0;

  constructor(repository: Repository, liveness: Liveness, options: { signal?: AbortSignal } = {}) {
    this.#repository = repository;
    this.#liveness = liveness;
    this.#signal = options.signal;
    const { keys } = repository;
    this.#chunkIdOf = {
      plain: createChunkIdOf(keys.chunkIdKey('plain')),
      sealed: createChunkIdOf(keys.chunkIdKey('sealed')),
    };
  }

  /** Bytes of packs and index objects stored so far. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /**
   * Copies what is alive in `pack`.
   * @throws IntegrityError when the pack is damaged: it must not be given up then
   */
  async copy(pack: PackLife): Promise<void> {
    throwIfCancelled(this.#signal);
    const stored = await this.#readPack(pack.id);
    const { blocks, context } = await this.#readBlocks(pack.id, stored);
    const stream = this.#stream(pack);
    const opened = blocks
      .filter(({ chunks }) => chunks.some(({ isLive }) => isLive))
      .map((block) => ({ block, content: openBlock(context, block, stored, pack.id) }));
    for (const { block, content } of opened) await this.#copyBlock(stream, block, content);
  }

  /** Stores what is open, and the index objects of all that was copied: it is durable when this resolves. */
  async finish(): Promise<void> {
    for (const stream of this.#streams.values()) {
      await this.#closeRest(stream);
      await this.#storePack(stream);
    }
    for (const domain of ['plain', 'sealed'] as const) await this.#writeIndex(domain);
  }

  /** Frees what it holds. Packs that no index object names are left to the next clean-up. */
  close(): void {
    this.#lane.close();
  }

  async #readPack(id: PackId): Promise<Buffer> {
    try {
      const stored = await this.#repository.store.get(packKey(id));
      if (idOf(stored) === id) return stored;
    } catch (cause) {
      if (!(cause instanceof NotFoundError)) throw cause;
      throw new IntegrityError(`Pack ${id} is missing`, { cause, details: { pack: id } });
    }
    throw new IntegrityError(`Pack ${id} is damaged: its SHA-256 is not its name`, { details: { pack: id } });
  }

  async #readBlocks(id: PackId, stored: Buffer) {
    const { keys } = this.#repository;
    const read = async (offset: number, length: number) => stored.subarray(offset, offset + length);
    const { pack } = await readPackTable(keys, id, stored.length, read);
    const number = this.#liveness.index.packNumber(id);
    const blocks: Block[] = [];
    visitPackTable(pack.table, {
      block: (segment, offset, storedBytes) => {
        blocks.push({ segment, offset: pack.header.length + offset, storedBytes, chunks: [] });
      },
      chunk: (bytes, at, offset, sizeBytes) => {
        const isLive = number !== null && this.#liveness.isLiveIn(number, bytes, at);
        const chunkId = bytes.subarray(at, at + HASH_BYTES);
        blocks.at(-1)!.chunks.push({ id: chunkId, sizeBytes, offset, isLive });
      },
    });
    return { blocks, context: keys.openObject(decodeHeader('pack', pack.header), pack.header) };
  }

  async #copyBlock(stream: Stream & { domain: Domain }, block: Block, opened: OpenedSegment): Promise<void> {
    if (block.chunks.every(({ isLive }) => isLive)) {
      const { codec, contentBytes, payload } = opened;
      await this.#addBlock(stream, { codec, contentBytes, pieces: [payload] }, block.chunks);
      return;
    }
    const content = await decodeContent(opened, MAX_BLOCK_BYTES);
    for (const { id, sizeBytes, offset, isLive } of block.chunks) {
      if (!isLive) continue;
      const chunk = content.subarray(offset, offset + sizeBytes);
      if (!this.#chunkIdOf[stream.domain](chunk).equals(id))
        throw new IntegrityError(`Block ${block.segment} holds another chunk than its pack says`);
      if (stream.rest && stream.rest.size + chunk.length > MAX_BLOCK_BYTES) await this.#closeRest(stream);
      stream.rest ??= { content: Buffer.alloc(MAX_BLOCK_BYTES), size: 0, chunks: [], isCompressed: false };
      stream.rest.content.set(chunk, stream.rest.size);
      stream.rest.size += chunk.length;
      stream.rest.chunks.push({ id, sizeBytes });
      stream.rest.isCompressed ||= opened.codec === 'zstd';
    }
  }

  async #closeRest(stream: Stream & { domain: Domain }): Promise<void> {
    const { rest } = stream;
    if (!rest) return;
    stream.rest = null;
    const content = rest.content.subarray(0, rest.size);
    const encoded = rest.isCompressed ? await this.#lane.encode(content) : encodeRaw(content);
    await this.#addBlock(stream, encoded, rest.chunks);
  }

  async #addBlock(
    stream: Stream & { domain: Domain },
    encoded: Encoded,
    chunks: ChunkEntry[],
  ): Promise<void> {
    throwIfCancelled(this.#signal);
    const { keys, random } = this.#repository;
    const buffer = () => this.#buffers.pop() ?? Buffer.allocUnsafeSlow(PACK_BUFFER_BYTES);
    stream.pack ??= new PackBuilder(keys, stream.domain, random, buffer());
    // The ids are views of a pack that is given up: they must not keep it in memory.
    const copies = chunks.map(({ id, sizeBytes }) => ({ id: Buffer.from(id), sizeBytes }));
    stream.pack.addBlock(encoded, copies);
    if (stream.pack.isFull) await this.#storePack(stream);
  }

  async #storePack(stream: Stream & { domain: Domain }): Promise<void> {
    const builder = stream.pack;
    if (!builder) return;
    stream.pack = null;
    const { id, sizeBytes, header, table, pieces } = builder.build();
    await this.#repository.store.put(packKey(id), pieces);
    this.#buffers.push(builder.buffer);
    this.#writtenBytes += sizeBytes;
    const written = this.#written[stream.domain];
    written.push({ id, sizeBytes, header, table });
    if (written.length >= MAX_INDEXED_PACKS) await this.#writeIndex(stream.domain);
  }

  async #writeIndex(domain: Domain): Promise<void> {
    const packs = this.#written[domain].splice(0);
    if (packs.length > 0) this.#writtenBytes += await this.#repository.commitPacks(domain, packs);
  }

  /** Manifests stay apart from data, and what is sealed from what is plain. */
  #stream({ domain, isManifest }: PackLife): Stream & { domain: Domain } {
    const name = `${domain} ${isManifest}`;
    const stream = this.#streams.get(name) ?? { domain, pack: null, rest: null };
    this.#streams.set(name, stream);
    return stream;
  }
}

function openBlock(
  context: Parameters<typeof openSegment>[0],
  block: Block,
  stored: Buffer,
  id: PackId,
): OpenedSegment {
  const segment = stored.subarray(block.offset, block.offset + block.storedBytes);
  const opened = openSegment(context, block.segment, segment);
  if (!opened)
    throw new IntegrityError(`Block ${block.segment} of pack ${id} is damaged`, {
      details: { pack: id, block: block.segment },
    });
  return opened;
}
