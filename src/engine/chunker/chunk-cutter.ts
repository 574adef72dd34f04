/** Which cut a stream gets (docs/format.md §6.2). */
import { KiB } from '../../shared/bytes.js';
import { cutChunk, type GearTable, MAX_CHUNK_BYTES } from './gear-chunker.js';

/** A file of up to this size is one chunk. */
export const WHOLE_FILE_BYTES = 64 * KiB;

/** Length of a run of database pages. */
export const PAGE_RUN_BYTES = 32 * KiB;

/**
 * Length of the chunk at `start`. `bytes` must hold `lookahead` bytes from there, or all that is left;
 * `atStart` is true for the first chunk of a stream.
 */
export interface ChunkCutter {
  readonly lookahead: number;
  cut(bytes: Uint8Array, start: number, end: number, atStart: boolean): number;
}

/** Fixed runs, for a file whose parts never move. */
export const pageRunCutter: ChunkCutter = {
  lookahead: PAGE_RUN_BYTES,
  cut: (_bytes, start, end) => Math.min(end - start, PAGE_RUN_BYTES),
};

/** Cuts where the content says; a whole small file is one chunk. */
export function createContentCutter(gear: GearTable): ChunkCutter {
  return {
    lookahead: MAX_CHUNK_BYTES,
    cut: (bytes, start, end, atStart) =>
      atStart && end - start <= WHOLE_FILE_BYTES ? end - start : cutChunk(gear, bytes, start, end),
  };
}
