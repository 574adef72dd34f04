/** Records of a manifest with the blocks of their content fetched ahead. */
import { MiB } from '../../shared/bytes.js';
import type { ChunkReader } from '../repository/chunk-reader.js';
import { readRecords } from '../snapshot/manifest-reader.js';
import type { PathSelection } from '../snapshot/path-selection.js';
import type { ManifestRecord } from '../snapshot/record.js';
import { type References, sumReferences } from '../snapshot/references.js';

const MAX_RECORDS_AHEAD = 128;
/** Half of what a ChunkReader keeps, so that what was fetched ahead is still there when it is needed. */
const MAX_BYTES_AHEAD = 12 * MiB;

interface Ahead {
  record: ManifestRecord;
  bytes: number;
  isFetched: boolean;
}

/**
 * The records of `manifest`, in order. Holds at most MAX_RECORDS_AHEAD records.
 * @param selection only these and the folders above them; no other content is fetched
 */
export async function* readAhead(
  reader: ChunkReader,
  manifest: References,
  selection: PathSelection | null = null,
): AsyncGenerator<ManifestRecord> {
  const all = readRecords(reader.readAll(manifest));
  const records = selection ? selection.filter(all) : all;
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

/** Begins to fetch what the next records need, in their order, as far as the reader has room. */
function prefetch(reader: ChunkReader, queue: readonly Ahead[]): void {
  for (const ahead of queue) {
    if (ahead.isFetched || !('content' in ahead.record)) continue;
    ahead.isFetched = reader.prefetch(ahead.record.content);
    if (!ahead.isFetched) return;
  }
}
