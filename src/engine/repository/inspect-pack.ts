/** Finds the blocks of a stored pack that no reader could read. */
import { IntegrityError } from '../../shared/errors.js';
import { createChunkIdOf } from '../codec/chunk-id.js';
import { HASH_BYTES, type PackId } from '../codec/ids.js';
import { decodeHeader, HEADER_BYTES } from '../codec/object-header.js';
import { decodeContent, openSegment, type SegmentContext } from '../codec/segment.js';
import { readPackTable } from '../pack/pack-reader.js';
import { MAX_BLOCK_BYTES, visitPackTable } from '../pack/pack-table.js';
import type { Repository } from './repository.js';

/** How a pack is looked at. */
export interface InspectOptions {
  /** True when the pack's bytes are those of its name: it has its own table to go by, with the ids of its chunks. */
  isNamed: boolean;
  /** Called before every block, so that other work gets its turn. */
  pause: () => Promise<void>;
}

/**
 * Opens every block of a pack. One that is not what its name says is read as readers do: with the places and the header
 * that the index has. Holds one block.
 * @returns the numbers of the damaged blocks' segments
 * @throws what `pause` throws; IntegrityError when a pack that is what its name says has no table
 */
export async function findDamagedBlocks(
  repository: Repository,
  id: PackId,
  stored: Buffer,
  { isNamed, pause }: InspectOptions,
): Promise<number[]> {
  const damaged: number[] = [];
  const inspected = isNamed ? await listOwnBlocks(repository, id, stored) : listIndexedBlocks(repository, id);
  for (const { segment, offset, storedBytes, context, isRight } of inspected) {
    await pause();
    const content = await openBlock(context, segment, stored.subarray(offset, offset + storedBytes));
    if (content === null || !isRight(content)) damaged.push(segment);
  }
  return damaged;
}

interface InspectedBlock {
  segment: number;
  /** In the pack's stored bytes. */
  offset: number;
  storedBytes: number;
  context: SegmentContext;
  /** Whether the plain bytes are the chunks that they should be. */
  isRight: (content: Buffer) => boolean;
}

/** None for a pack that no index object names: no snapshot needs it. */
function* listIndexedBlocks({ index, keys }: Repository, id: PackId): Iterable<InspectedBlock> {
  const pack = index.describePack(id);
  if (pack === null) return;
  const context = keys.openObject(decodeHeader('pack', pack.header), pack.header);
  for (const place of index.blocksOf(id)) yield { ...place, context, isRight: () => true };
}

async function listOwnBlocks({ keys }: Repository, id: PackId, stored: Buffer): Promise<InspectedBlock[]> {
  const read = async (offset: number, length: number) => stored.subarray(offset, offset + length);
  const { pack, domain } = await readPackTable(keys, id, stored.length, read);
  const context = keys.openObject(decodeHeader('pack', pack.header), pack.header);
  const chunkIdOf = createChunkIdOf(keys.chunkIdKey(domain));
  const blocks: (InspectedBlock & { chunks: { id: Buffer; from: number; to: number }[] })[] = [];
  visitPackTable(pack.table, {
    block: (segment, offset, storedBytes) => {
      const chunks: { id: Buffer; from: number; to: number }[] = [];
      const isRight = (content: Buffer) =>
        chunks.every((chunk) => chunkIdOf(content.subarray(chunk.from, chunk.to)).equals(chunk.id));
      blocks.push({ segment, offset: HEADER_BYTES + offset, storedBytes, context, isRight, chunks });
    },
    chunk: (bytes, at, from, sizeBytes) => {
      blocks.at(-1)?.chunks.push({ id: bytes.subarray(at, at + HASH_BYTES), from, to: from + sizeBytes });
    },
  });
  return blocks;
}

/** The plain bytes of a block, or null when it is damaged. */
async function openBlock(context: SegmentContext, segment: number, stored: Buffer): Promise<Buffer | null> {
  try {
    const opened = openSegment(context, segment, stored);
    return opened && (await decodeContent(opened, MAX_BLOCK_BYTES));
  } catch (error) {
    if (error instanceof IntegrityError) return null;
    throw error;
  }
}
