/**
 * Writes index objects anew: without packs that go, and several small ones as one, so that a repository of many backups
 * opens quickly. Old ones are not removed here.
 *
 * Memory: the tables of at most MAX_INDEXED_PACKS packs of each domain.
 */
import { IntegrityError, NotFoundError, throwIfCancelled } from '../../shared/errors.js';
import type { IndexId, PackId } from '../codec/ids.js';
import { DOMAINS, type Domain } from '../codec/object-header.js';
import { MAX_INDEXED_PACKS, openIndexObject } from '../index/index-object.js';
import type { PackDescription } from '../pack/pack-reader.js';
import { overtaken } from './generations.js';
import type { Repository } from './repository.js';
import { readNamed } from './repository-head.js';

/** So many small index objects are left alone. */
export const SMALL_INDEXES = 16;
/** An index object is small when it names fewer packs than this. */
const SMALL_PACKS = MAX_INDEXED_PACKS / 2;

/**
 * Keys of index objects that are to be given up.
 * @param objects what each names
 * @param isGoing of a pack
 */
export function chooseIndexes(
  objects: ReadonlyMap<string, readonly PackId[]>,
  isGoing: (pack: PackId) => boolean,
): Set<string> {
  const small = [...objects].filter(([, packs]) => packs.length < SMALL_PACKS).map(([key]) => key);
  const chosen = new Set(small.length > SMALL_INDEXES ? small : []);
  for (const [key, packs] of objects) if (packs.some(isGoing)) chosen.add(key);
  return chosen;
}

/** Id of the index object under `key`. */
export function indexIdIn(key: string): IndexId {
  return key.slice(key.lastIndexOf('/') + 1) as IndexId;
}

/**
 * Names every pack that the index objects `chosen` name, but for those that go, in new index objects. They are durable
 * when this resolves.
 * @returns stored bytes of the new ones
 * @throws ConflictError when another clean-up has gone on meanwhile
 */
export async function rewriteIndexes(
  repository: Repository,
  chosen: Iterable<string>,
  isGoing: (pack: PackId) => boolean,
  signal?: AbortSignal,
): Promise<number> {
  const named = new Set<PackId>();
  const waiting: Record<Domain, PackDescription[]> = { plain: [], sealed: [] };
  let writtenBytes = 0;
  const write = async (domain: Domain) => {
    const packs = waiting[domain].splice(0, MAX_INDEXED_PACKS);
    if (packs.length > 0) writtenBytes += await repository.commitPacks(domain, packs);
  };
  for (const key of chosen) {
    throwIfCancelled(signal);
    const { domain, packs } = await openIndexObject(repository.keys, await readObject(repository, key));
    for (const pack of packs) {
      if (named.has(pack.id) || isGoing(pack.id)) continue;
      named.add(pack.id);
      waiting[domain].push(pack);
    }
    while (waiting[domain].length >= MAX_INDEXED_PACKS) await write(domain);
  }
  for (const domain of DOMAINS) await write(domain);
  return writtenBytes;
}

async function readObject({ store }: Repository, key: string): Promise<Buffer> {
  try {
    return await readNamed(store, key);
  } catch (error) {
    // Only a clean-up removes index objects.
    throw error instanceof IntegrityError && error.cause instanceof NotFoundError ? overtaken(error) : error;
  }
}
