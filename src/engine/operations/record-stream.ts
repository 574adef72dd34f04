/** Records of a manifest with the blocks of their content fetched ahead. */
import { MiB } from '../../shared/bytes.js';
import type { ChunkReader } from '../repository/chunk-reader.js';
import { readRecords } from '../snapshot/manifest-reader.js';
import type { PathSelection } from '../snapshot/path-selection.js';
import type { ManifestRecord } from '../snapshot/record.js';
import { REFERENCE_BYTES, type References, sumReferences } from '../snapshot/references.js';

const MAX_RECORDS_AHEAD = 128;
/** Half of what a ChunkReader keeps, so that what was fetched ahead is still there when it is needed. */
const MAX_BYTES_AHEAD = 12 * MiB;
/** Chunks of one record, of 32 KiB to 256 KiB each. */
const MAX_CHUNKS_AHEAD = 96;

/** Which records of a manifest are wanted. */
export interface RecordChoice {
  /** Only these and the folders above them; null: all. */
  selection?: PathSelection | null;
  /** But not these files, by the latin1 text of their paths. */
  except?: ReadonlySet<string> | undefined;
}

interface Ahead {
  record: ManifestRecord;
  bytes: number;
  isFetched: boolean;
}

/**
 * The records of `manifest`, in order. Holds at most MAX_RECORDS_AHEAD records.
 * No content of what is not chosen is fetched.
 */
export async function* readAhead(
  reader: ChunkReader,
  manifest: References,
  { selection, except }: RecordChoice = {},
): AsyncGenerator<ManifestRecord> {
  const all = readRecords(reader.readAll(manifest));
  const selected = selection ? selection.filter(all) : all;
  const records = except?.size ? leaveOut(selected, except) : selected;
  const queue: Ahead[] = [];
  let bytesAhead = 0;
  let ended = false;
  try {
    for (;;) {
      while (!ended && queue.length < MAX_RECORDS_AHEAD && bytesAhead < MAX_BYTES_AHEAD) {
        const { value, done } = await records.next();
        if (done) ended = true;
        else {
          const bytes = 'content' in value ? sumReferences(value.content) : 0;
          queue.push({ record: value, bytes, isFetched: bytes === 0 });
          bytesAhead += bytes;
        }
      }
      prefetch(reader, queue);
      const next = queue.shift();
      if (!next) return;
      bytesAhead -= next.bytes;
      yield next.record;
    }
  } finally {
    await records.return(undefined);
  }
}

/** The records without those of the files in `except`. */
async function* leaveOut(
  records: AsyncIterable<ManifestRecord>,
  except: ReadonlySet<string>,
): AsyncGenerator<ManifestRecord> {
  let isLeftOut = false;
  for await (const record of records) {
    if (record.kind !== 'content')
      isLeftOut = record.kind === 'file' && except.has(record.path.toString('latin1'));
    if (!isLeftOut) yield record;
  }
}

/** Begins to fetch what the next records need, in their order, as far as the reader has room. */
function prefetch(reader: ChunkReader, queue: readonly Ahead[]): void {
  for (const ahead of queue) {
    if (ahead.isFetched || !('content' in ahead.record)) continue;
    // What comes later of a large file would push out of the reader what is needed before it.
    ahead.isFetched = reader.prefetch(ahead.record.content.subarray(0, MAX_CHUNKS_AHEAD * REFERENCE_BYTES));
    if (!ahead.isFetched) return;
  }
}
