/**
 * Stores the chunks of one backup: each new chunk goes into a block, blocks are compressed side by side, sealed in
 * order, gathered into packs, and packs are stored while the next one fills. Nothing written is reachable before
 * `commit` has resolved.
 *
 * Data and manifests go into blocks and packs of their own, so that a manifest is read without the data around it.
 *
 * Memory: BLOCKS_IN_FLIGHT blocks of 1 MiB and three pack buffers of 17 MiB, plus the ids of what is not indexed yet
 * (at most MAX_INDEXED_PACKS packs).
 */
import { MiB } from '../../shared/bytes.js';
import { CancelledError, throwIfCancelled } from '../../shared/errors.js';
import { type ChunkIdOf, createChunkIdOf } from '../codec/chunk-id.js';
import type { PackId } from '../codec/ids.js';
import type { Domain } from '../codec/object-header.js';
import { type Encoded, encodeRaw } from '../codec/segment.js';
import { ZstdLanes } from '../codec/zstd-lanes.js';
import { MAX_INDEXED_PACKS } from '../index/index-object.js';
import { PACK_BUFFER_BYTES, PackBuilder } from '../pack/pack-builder.js';
import type { PackDescription } from '../pack/pack-reader.js';
import { type ChunkEntry, MAX_BLOCK_BYTES, visitPackTable } from '../pack/pack-table.js';
import { packKey, type Repository } from './repository.js';

/** What a chunk belongs to. */
export type ChunkKind = 'data' | 'manifest';

export interface ChunkWriterOptions {
  domain: Domain;
  /** zstd level, 1 to 19; null: stored as it is. */
  compressionLevel: number | null;
  signal?: AbortSignal;
}

const COMPRESSION_LANES = 3;
const BLOCKS_IN_FLIGHT = 6;
/** Enough of a chunk id to tell chunks apart; see ChunkIndex. */
const PREFIX_BYTES = 16;

interface OpenBlock {
  buffer: Buffer;
  size: number;
  chunks: ChunkEntry[];
}

interface Stream {
  block: OpenBlock | null;
  pack: PackBuilder | null;
}

export class ChunkWriter {
  readonly #repository: Repository;
  readonly #options: ChunkWriterOptions;
  readonly #chunkIdOf: ChunkIdOf;
  readonly #lanes: ZstdLanes | null;
  readonly #streams: Record<ChunkKind, Stream> = {
    data: { block: null, pack: null },
    manifest: { block: null, pack: null },
  };
  readonly #pending = new Set<string>();
  readonly #spareBlocks: Buffer[] = [];
  readonly #sparePacks: Buffer[] = [];
  #unindexed: PackDescription[] = [];
  /** Packs that are or may be stored, and that no index object names. */
  readonly #removable = new Set<PackId>();
  #blocksInFlight = 0;
  readonly #waiting: (() => void)[] = [];
  /** Everything that must happen in order, after all blocks so far: sealing, storing, indexing. */
  #tail: Promise<void> = Promise.resolve();
  #storing: Promise<void> = Promise.resolve();
  #failure: unknown = null;
  #storedBytes = 0;
  #blockBytes = 0;

  constructor(repository: Repository, options: ChunkWriterOptions) {
    this.#repository = repository;
    this.#options = options;
    this.#chunkIdOf = createChunkIdOf(repository.keys.chunkIdKey(options.domain));
    this.#lanes =
      options.compressionLevel === null ? null : new ZstdLanes(options.compressionLevel, COMPRESSION_LANES);
  }

  /** Bytes of packs and index objects stored so far. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Bytes of blocks sealed so far; exact after `flush`. */
  get blockBytes(): number {
    return this.#blockBytes;
  }

  /** True when so much is under way that the caller should await `drained` before adding more. */
  get isBusy(): boolean {
    return this.#blocksInFlight >= BLOCKS_IN_FLIGHT;
  }

  /**
   * Adds one chunk, whose bytes are copied when they are new.
   * @returns its id, 32 bytes
   */
  add(kind: ChunkKind, chunk: Uint8Array): Buffer {
    this.#throwIfFailed();
    const id = this.#chunkIdOf(chunk);
    const prefix = id.toString('latin1', 0, PREFIX_BYTES);
    if (this.#pending.has(prefix) || this.#repository.index.has(id)) return id;
    this.#pending.add(prefix);
    this.#place(kind, id, chunk);
    return id;
  }

  /** Resolves when less is under way. Errors of what was under way arrive here. */
  async drained(): Promise<void> {
    while (this.isBusy) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#throwIfFailed();
  }

  /** Closes open blocks and waits for everything under way. */
  async flush(): Promise<void> {
    this.#closeBlock('data');
    this.#closeBlock('manifest');
    await this.#tail;
    this.#throwIfFailed();
  }

  /** Stores what is open and writes the index: everything added is durable when this resolves. */
  async commit(): Promise<void> {
    await this.flush();
    for (const kind of ['data', 'manifest'] as const) await this.#storePack(this.#streams[kind]);
    await this.#storing;
    await this.#writeIndex();
    this.#throwIfFailed();
    this.#lanes?.close();
  }

  /** Ends without committing; what was stored and is not indexed is removed again, as far as the storage allows. */
  async abort(): Promise<void> {
    this.#failure ??= new CancelledError();
    await this.#tail;
    await Promise.allSettled([this.#storing]);
    this.#lanes?.close();
    const { index, store } = this.#repository;
    // A pack that the index has learned of by itself may be in use by another backup already.
    const leftovers = [...this.#removable]
      .filter((id) => !index.hasPack(id))
      .map((id) => store.delete(packKey(id)));
    await Promise.allSettled(leftovers); // unreachable either way: clean-up finds what stays
  }

  #place(kind: ChunkKind, id: Buffer, chunk: Uint8Array): void {
    const stream = this.#streams[kind];
    if (stream.block && stream.block.size + chunk.length > MAX_BLOCK_BYTES) this.#closeBlock(kind);
    stream.block ??= {
      buffer: this.#spareBlocks.pop() ?? Buffer.allocUnsafeSlow(MAX_BLOCK_BYTES),
      size: 0,
      chunks: [],
    };
    stream.block.buffer.set(chunk, stream.block.size);
    stream.block.size += chunk.length;
    stream.block.chunks.push({ id, sizeBytes: chunk.length });
  }

  #closeBlock(kind: ChunkKind): void {
    const stream = this.#streams[kind];
    const block = stream.block;
    if (!block) return;
    stream.block = null;
    this.#blocksInFlight++;
    const encoding = this.#encode(block.buffer.subarray(0, block.size));
    encoding.catch(() => {}); // handled where the tail awaits it
    const before = this.#tail;
    this.#tail = this.#seal(before, encoding, stream, block);
  }

  async #encode(content: Buffer): Promise<Encoded> {
    return this.#lanes ? this.#lanes.encode(content) : encodeRaw(content);
  }

  /** Never rejects: the first failure is kept, and every later step is passed over. */
  async #seal(
    before: Promise<void>,
    encoding: Promise<Encoded>,
    stream: Stream,
    block: OpenBlock,
  ): Promise<void> {
    await before;
    try {
      const encoded = await encoding;
      if (this.#failure !== null) return;
      throwIfCancelled(this.#options.signal);
      stream.pack ??= this.#createPack();
      this.#blockBytes += stream.pack.addBlock(encoded, block.chunks);
      if (stream.pack.isFull) await this.#storePack(stream);
      if (this.#unindexed.length >= MAX_INDEXED_PACKS) await this.#writeIndex();
    } catch (error) {
      this.#failure ??= error;
    } finally {
      this.#spareBlocks.push(block.buffer);
      this.#blocksInFlight--;
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }

  #createPack(): PackBuilder {
    const buffer = this.#sparePacks.pop() ?? Buffer.allocUnsafeSlow(PACK_BUFFER_BYTES);
    const { keys, random } = this.#repository;
    return new PackBuilder(keys, this.#options.domain, random, buffer);
  }

  /** Begins to store the stream's pack, after the one before it has been stored. */
  async #storePack(stream: Stream): Promise<void> {
    const builder = stream.pack;
    if (!builder) return;
    stream.pack = null;
    const pack = builder.build();
    await this.#storing;
    this.#storing = this.#put(pack, builder.buffer);
    this.#storing.catch((error: unknown) => {
      this.#failure ??= error;
    });
  }

  async #put(pack: ReturnType<PackBuilder['build']>, buffer: Buffer): Promise<void> {
    this.#removable.add(pack.id); // before: a `put` that fails may have stored it
    await this.#repository.store.put(packKey(pack.id), pack.pieces);
    this.#storedBytes += pack.sizeBytes;
    this.#unindexed.push({ id: pack.id, sizeBytes: pack.sizeBytes, header: pack.header, table: pack.table });
    this.#sparePacks.push(buffer);
  }

  async #writeIndex(): Promise<void> {
    await this.#storing;
    if (this.#unindexed.length === 0) return;
    // From here on these packs are not removed by `abort`: a failed write may have left an index object that names them.
    const packs = this.#unindexed.splice(0);
    for (const { id } of packs) this.#removable.delete(id);
    this.#storedBytes += await this.#repository.commitPacks(this.#options.domain, packs);
    for (const pack of packs) this.#forgetPending(pack.table);
  }

  #forgetPending(table: Buffer): void {
    visitPackTable(table, {
      block: () => {},
      chunk: (bytes, at) => this.#pending.delete(bytes.toString('latin1', at, at + PREFIX_BYTES)),
    });
  }

  #throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure;
    throwIfCancelled(this.#options.signal);
  }
}

/** Memory that a writer needs at most, beside the ids of what is not indexed yet. */
export const CHUNK_WRITER_BYTES = (BLOCKS_IN_FLIGHT + 2) * MiB + 3 * PACK_BUFFER_BYTES;
