import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type {
  FileWriter,
  PreparedSwap,
  RestoredDirectory,
  RestoredFile,
  RestoredSymlink,
  Staging,
} from '../engine/index.js';
import { printPath } from '../engine/index.js';
import { ConflictError, invariant, SourceError } from '../shared/errors.js';
import { AddingSwap } from './adding-swap.js';
import { ContentsSwap } from './contents-swap.js';
import { nearestFolder } from './live-folders.js';
import { LiveView } from './live-view.js';
import { Notices } from './notices.js';
import type { PlacePlan } from './place-plans.js';
import type { PlaceSwap, StagedPlace } from './place-swap.js';
import { KEPT, STAGED } from './place-swap.js';
import { ReplacingSwap } from './replacing-swap.js';
import { keepSpecialFiles } from './special-files.js';
import type { CheckOptions } from './staged-check.js';
import { checkStagedFiles } from './staged-check.js';
import { StagedTree } from './staged-tree.js';
import { StagingFolder } from './staging-folder.js';
import { toAppError } from './system-error.js';

/** Where entries under a label belong. */
export interface FolderPlace {
  /** Prefix of the entries, or an empty string for a place that takes them all. */
  label: string;
  /** Absolute, links followed. */
  live: string;
  /** True for a folder that cannot be renamed: it is staged in, and its content is replaced. */
  isMountPoint: boolean;
  /** The folder to stage in where it is not the one that the place is in: absolute, there, on the same file system. */
  stagedIn?: string;
}

/** The folder that a place is staged in. */
export function stagingParentOf({ live, isMountPoint, stagedIn }: FolderPlace): string {
  return stagedIn ?? (isMountPoint ? live : nearestFolder(dirname(live)));
}

/** What a folder component's swap will do. */
export type FolderPlan = { places: PlacePlan[] };

/** `replace`: exactly what the backup holds; `add`: only what is missing; `beside`: into a place that must be free. */
export type FolderStagingMode = 'replace' | 'add' | 'beside';

export interface FolderStagingOptions {
  restoreId: string;
  /** Names the staging folders of this component apart from those of others. */
  name: string;
  mode: FolderStagingMode;
}

/** What a staging may still do. `stuck`: taking back failed, and the old data must not be thrown away. */
type Phase = 'staging' | 'swapped' | 'stuck' | 'ended';

/** A folder component being restored: one staged tree for each root that the backup holds, one after the other. */
export class FolderStaging implements Staging {
  readonly #staged: StagedPlace[] = [];
  readonly #parents = new Map<string, RestoredDirectory>();
  #view: LiveView | null = null;
  #swaps: PlaceSwap[] | null = null;
  #phase: Phase = 'staging';
  readonly #notices = new Notices();

  constructor(
    private readonly places: readonly FolderPlace[],
    private readonly options: FolderStagingOptions,
  ) {}

  async directory(entry: RestoredDirectory): Promise<void> {
    const label = entry.path.toString();
    if (this.places.some((place) => place.label.startsWith(`${label}/`))) {
      this.#parents.set(label, { ...entry, path: Buffer.from(entry.path) });
      return;
    }
    const { place, below } = await this.#placeOf(entry.path);
    const found = this.#view?.stateOf(below) ?? 'absent';
    if (found === 'taken') return;
    if (below.length === 0) place.top = { ...entry, path: Buffer.from(entry.path) };
    await place.tree.directory(stagedPath(below), entry, { isThere: found === 'folder' });
  }

  async symlink(entry: RestoredSymlink): Promise<'staged' | 'skipped'> {
    const { place, below } = await this.#placeOf(entry.path);
    if (this.#isThere(below)) return 'skipped';
    await place.tree.symlink(stagedPath(below), entry);
    return 'staged';
  }

  async file(entry: RestoredFile): Promise<FileWriter | null> {
    const { place, below } = await this.#placeOf(entry.path);
    if (this.#isThere(below)) return null;
    return place.tree.file(stagedPath(below), entry);
  }

  async finish(): Promise<void> {
    this.#view?.close();
    this.#view = null;
    await this.#staged.at(-1)?.tree.finish();
  }

  async check(options: CheckOptions): Promise<void> {
    for (const { folder, tree } of this.#staged) await checkStagedFiles(folder, tree.checklist, options);
  }

  get notices(): readonly string[] {
    return [...this.#notices.list(), ...this.#staged.flatMap(describeUnowned)];
  }

  async prepare({ signal }: { signal?: AbortSignal } = {}): Promise<PreparedSwap> {
    try {
      if (this.options.mode === 'replace') {
        const options = { notices: this.#notices, ...(signal && { signal }) };
        for (const place of this.#staged) await keepSpecialFiles(place, options);
      }
      this.#swaps = [];
      for (const place of this.#staged) this.#swaps.push(await this.#swapOf(place, signal));
    } catch (error) {
      throw toAppError(error, `The restore of ${this.options.name} cannot be prepared`);
    }
    const plan: FolderPlan = { places: this.#swaps.map((swap) => swap.plan) };
    return { plan, isFinal: false };
  }

  async swap(options: { signal?: AbortSignal } = {}): Promise<void> {
    invariant(this.#swaps, 'a swap is prepared first');
    this.#phase = 'swapped';
    for (const swap of this.#swaps) await swap.swap(options);
  }

  async undo(): Promise<void> {
    if (this.#phase !== 'swapped') return;
    this.#phase = 'stuck';
    const failures: unknown[] = [];
    for (const swap of [...(this.#swaps ?? [])].reverse()) {
      try {
        await swap.undo();
      } catch (error) {
        // The other places are brought back all the same.
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    this.#phase = 'staging';
  }

  async commit(): Promise<void> {
    this.#phase = 'ended';
    const removed = await Promise.allSettled(this.#staged.map(remove));
    for (const result of removed) if (result.status === 'rejected') throw result.reason;
  }

  async discard(): Promise<void> {
    if (this.#phase === 'swapped') await this.undo();
    if (this.#phase !== 'staging') return;
    this.#view?.close();
    this.#view = null;
    for (const place of this.#staged.splice(0)) await remove(place);
    this.#phase = 'ended';
  }

  #isThere(below: Buffer): boolean {
    return this.#view !== null && this.#view.stateOf(below) !== 'absent';
  }

  async #swapOf(place: StagedPlace, signal?: AbortSignal): Promise<PlaceSwap> {
    if (this.options.mode === 'add') return AddingSwap.prepare(place, signal);
    if (place.isMountPoint) {
      mkdirSync(join(place.folder.path, KEPT), { mode: 0o700 });
      return new ContentsSwap(place);
    }
    return new ReplacingSwap(place, { exclusive: this.options.mode === 'beside' });
  }

  /** The staged place that `path` belongs to, begun when it is the first of its root, and the path below its root. */
  async #placeOf(path: Buffer): Promise<{ place: StagedPlace; below: Buffer }> {
    const text = path.toString('latin1');
    const found = this.places.find(({ label }) => {
      const prefix = Buffer.from(label).toString('latin1');
      return prefix === '' || text === prefix || text.startsWith(`${prefix}/`);
    });
    if (found === undefined) {
      throw new ConflictError(
        `The backup holds "${printPath(path)}", which is not among the configured paths: configure it, or restore to a target path`,
      );
    }
    const current = this.#staged.at(-1);
    const place = current?.label === found.label ? current : await this.#begin(found);
    const skip = found.label === '' ? 0 : Buffer.byteLength(found.label) + 1;
    return { place, below: path.subarray(Math.min(skip, path.length)) };
  }

  async #begin(found: FolderPlace): Promise<StagedPlace> {
    if (this.#phase !== 'staging') throw new SourceError('The staging of this restore has ended');
    await this.finish();
    const name = `${this.options.name}-${this.#staged.length}`;
    const { label, live, isMountPoint } = found;
    const folder = StagingFolder.create(stagingParentOf(found), {
      restoreId: this.options.restoreId,
      name,
    });
    const tree = StagedTree.begin(folder);
    const place: StagedPlace = {
      label,
      shownAs: label || this.options.name,
      live,
      isMountPoint,
      folder,
      tree,
      top: null,
      metadataOf: (at) => this.#metadataOf(at, live, label),
    };
    this.#staged.push(place);
    if (this.options.mode === 'add') this.#view = new LiveView(live);
    if (label === '') await tree.directory(Buffer.from(STAGED), ownFolder(folder));
    return place;
  }

  /** The recorded entry of a folder above a root, found by how many levels it lies above. */
  #metadataOf(folder: string, live: string, label: string): RestoredDirectory | undefined {
    let above = label;
    for (let at = live; at !== folder; at = dirname(at)) {
      const slash = above.lastIndexOf('/');
      if (slash < 0) return undefined;
      above = above.slice(0, slash);
    }
    return this.#parents.get(above);
  }
}

/** Said, because a program of the till may not get at its own files then. */
function describeUnowned({ shownAs, tree }: StagedPlace): string[] {
  if (tree.unowned === 0) return [];
  return [
    `Owners in "${shownAs}" could not be set (${tree.unowned} times): those files and folders belong to the account that Tillvault runs as, give them back with chown, or let Tillvault run as root`,
  ];
}

function stagedPath(below: Buffer): Buffer {
  return below.length === 0 ? Buffer.from(STAGED) : Buffer.concat([Buffer.from(`${STAGED}/`), below]);
}

/** The top folder of a place beside the live data is Tillvault's own. */
function ownFolder(folder: StagingFolder): RestoredDirectory {
  const { uid, gid, mtimeNs } = folder.handle.stats();
  return { path: Buffer.from(STAGED), mode: 0o700, mtimeNs, uid: Number(uid), gid: Number(gid) };
}

async function remove({ tree, folder }: StagedPlace): Promise<void> {
  await tree.close();
  await folder.remove();
}
