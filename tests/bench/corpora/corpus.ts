/**
 * The corpora: what is backed up. Each is a whole till (database, config, cache, files) of one character, made from
 * fixed seeds, so that every run has the same bytes. Times are fixed too.
 */
import { KiB } from '../../../src/shared/bytes.js';

export const CORPUS_NAMES = ['mix', 'database', 'small-files', 'incompressible'] as const;
/** Which corpus. */
export type CorpusName = (typeof CORPUS_NAMES)[number];

export const CORPUS_SIZES = ['full', 'quick', 'smallest'] as const;
/** `full` is what results are stated for; `smallest` is there to see that the benchmark works. */
export type CorpusSize = (typeof CORPUS_SIZES)[number];

/** Many files of one kind. Their sizes are spread evenly between the two. */
export interface FileGroup {
  /** Path below the till; numbered files go into numbered folders of at most 500. */
  folder: string;
  extension: string;
  kind: 'receipt' | 'picture' | 'json';
  count: number;
  minBytes: number;
  maxBytes: number;
}

/** What a corpus consists of. */
export interface CorpusContent {
  /** Approximate size of the database. */
  databaseBytes: number;
  groups: readonly FileGroup[];
}

/** What is said about each corpus in reports. */
export const CORPUS_DESCRIPTIONS: Readonly<Record<CorpusName, string>> = {
  mix: 'a till: a database of sales, small receipts, incompressible pictures, some JSON',
  database: 'a database of sales, and next to nothing else',
  'small-files': 'small files, and next to nothing else',
  incompressible: 'files that no compression makes smaller',
};

const MB = 1e6;
/** What the other sizes are of `full`. */
const SHARES: Readonly<Record<CorpusSize, number>> = { full: 1, quick: 1 / 10, smallest: 1 / 200 };
/** Every till has a database, and the least of one. */
const LEAST_DATABASE_BYTES = 100 * KiB;

/** What corpus `name` of `size` consists of. */
export function describeContent(name: CorpusName, size: CorpusSize): CorpusContent {
  const share = SHARES[size];
  const count = (files: number) => Math.max(3, Math.round(files * share));
  const databaseBytes = (bytes: number) => Math.max(LEAST_DATABASE_BYTES, bytes * share);
  const receipts = (files: number): FileGroup => ({
    folder: 'files/receipts',
    extension: 'txt',
    kind: 'receipt',
    count: count(files),
    minBytes: 300,
    maxBytes: 3000,
  });
  const pictures = (files: number, maxBytes: number): FileGroup => ({
    folder: 'files/pictures',
    extension: 'jpg',
    kind: 'picture',
    count: count(files),
    minBytes: maxBytes / 9,
    maxBytes,
  });
  const json = (folder: string, files: number, maxBytes: number): FileGroup => ({
    folder,
    extension: 'json',
    kind: 'json',
    count: Math.max(1, Math.round(files * share)),
    minBytes: maxBytes / 2,
    maxBytes,
  });
  const rest = [json('config', 1, 20_000), json('cache', 1, 20_000)];
  switch (name) {
    case 'mix':
      return {
        databaseBytes: databaseBytes(630 * MB),
        groups: [
          receipts(8000),
          pictures(300, 600_000),
          json('config', 10, 100_000),
          json('cache', 60, 500_000),
        ],
      };
    case 'database':
      return { databaseBytes: databaseBytes(630 * MB), groups: [receipts(3), ...rest] };
    case 'small-files':
      return { databaseBytes: LEAST_DATABASE_BYTES, groups: [receipts(100_000), ...rest] };
    case 'incompressible':
      return { databaseBytes: LEAST_DATABASE_BYTES, groups: [pictures(60, 14 * MB), ...rest] };
  }
}
