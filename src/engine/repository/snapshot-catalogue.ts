/**
 * Every snapshot of a repository with what choosing one needs, and without its manifests: about 2 KB each, so that ten
 * thousand take little room. Kept in step with the storage by `refresh`.
 */
import { IntegrityError, NotFoundError, throwIfCancelled } from '../../shared/errors.js';
import { forEachConcurrently } from '../../shared/for-each-concurrently.js';
import type { ObjectStore } from '../../storage/object-store.js';
import { isId, parseId, type SnapshotId } from '../codec/ids.js';
import type { KeyRing } from '../codec/key-ring.js';
import { openSnapshot, type Snapshot } from '../snapshot/snapshot-object.js';
import { openControl } from './control-object.js';
import { readNamed } from './repository-head.js';

/** Snapshot objects that are read at a time. */
const OBJECTS_AT_A_TIME = 16;
const FOLDER = 'snapshots/';

/** A snapshot in the catalogue: what choosing one needs, without its manifests. */
export type CataloguedSnapshot = Omit<Snapshot, 'components'> & {
  id: SnapshotId;
  components: Omit<Snapshot['components'][number], 'manifest'>[];
};

/** What a SnapshotCatalogue works with. */
export interface SnapshotCatalogueDeps {
  store: ObjectStore;
  keys: KeyRing;
  /** Told of snapshots that cannot be read. */
  onWarning: (message: string) => void;
}

export class SnapshotCatalogue {
  readonly #deps: SnapshotCatalogueDeps;
  readonly #snapshots = new Map<SnapshotId, CataloguedSnapshot>();
  #unreadable = new Set<SnapshotId>();
  /** Ids that nobody may commit any more (docs/format.md §10.3). */
  readonly #voids = new Set<SnapshotId>();

  constructor(deps: SnapshotCatalogueDeps) {
    this.#deps = deps;
  }

  /** Snapshots that the last refresh found damaged, and left out. */
  get unreadable(): ReadonlySet<SnapshotId> {
    return this.#unreadable;
  }

  /** Every snapshot that is known, in no order. */
  values(): Iterable<CataloguedSnapshot> {
    return this.#snapshots.values();
  }

  add(id: SnapshotId, snapshot: Snapshot): void {
    this.#snapshots.set(id, toCatalogued(id, snapshot));
  }

  delete(id: SnapshotId): void {
    this.#snapshots.delete(id);
  }

  /** Learns what has been added and removed since. @throws CancelledError, StorageError */
  async refresh(signal?: AbortSignal): Promise<void> {
    const gone = new Set(this.#snapshots.keys());
    const unreadable = new Set<SnapshotId>();
    await forEachConcurrently(this.#deps.store.list(FOLDER), OBJECTS_AT_A_TIME, async ({ key }) => {
      throwIfCancelled(signal);
      const name = key.slice(FOLDER.length);
      if (!isId(name)) return;
      const id = parseId<SnapshotId>(name);
      if (gone.delete(id) || this.#snapshots.has(id) || this.#voids.has(id)) return;
      if (!(await this.#read(id))) unreadable.add(id);
    });
    for (const id of gone) this.#snapshots.delete(id);
    this.#unreadable = unreadable;
  }

  /** @returns false when it is damaged: one damaged backup must not hide the others */
  async #read(id: SnapshotId): Promise<boolean> {
    const { store, keys, onWarning } = this.#deps;
    try {
      this.add(id, await openSnapshot(keys, await readNamed(store, snapshotKey(id))));
      return true;
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      if (error.cause instanceof NotFoundError) return true; // deleted since it was listed
      if (await isVoid({ store, keys }, id)) {
        this.#voids.add(id);
        return true;
      }
      onWarning(`Snapshot ${id} is left out: ${error.message}`);
      return false;
    }
  }
}

/** Key of a snapshot object. */
export function snapshotKey(id: SnapshotId): string {
  return `${FOLDER}${id}`;
}

/** True when the object in the place of this snapshot says that it will never be committed. @throws StorageError */
export async function isVoid(
  { store, keys }: Pick<SnapshotCatalogueDeps, 'store' | 'keys'>,
  id: SnapshotId,
): Promise<boolean> {
  const key = snapshotKey(id);
  try {
    await openControl(keys, 'void', key, await store.get(key));
    return true;
  } catch (error) {
    if (error instanceof IntegrityError || error instanceof NotFoundError) return false;
    throw error;
  }
}

/** Ids of all objects in the place of snapshots, voids too. @throws StorageError */
export async function listSnapshotIds(store: ObjectStore): Promise<SnapshotId[]> {
  const ids: SnapshotId[] = [];
  for await (const { key } of store.list(FOLDER)) {
    const name = key.slice(FOLDER.length);
    if (isId(name)) ids.push(parseId<SnapshotId>(name));
  }
  return ids;
}

/** Checksums are copied: as views they would keep the whole object, with its manifests, in memory. */
function toCatalogued(id: SnapshotId, snapshot: Snapshot): CataloguedSnapshot {
  return {
    ...snapshot,
    id,
    checksum: Buffer.from(snapshot.checksum),
    components: snapshot.components.map(({ manifest: _, ...component }) => ({
      ...component,
      checksum: Buffer.from(component.checksum),
    })),
  };
}
