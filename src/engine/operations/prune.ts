/**
 * Removes what no snapshot needs, in two phases, beside anybody who works with the repository (docs/format.md §10,
 * docs/adr/0010):
 *
 *     list the snapshots, load the index, mark what they need
 *     sweep what an earlier clean-up condemned, when nobody relies on it any more
 *     copy what is alive out of packs that are given up; write index objects anew
 *     condemn what is dead, and sweep it at once when nobody else is at work
 *
 * Memory: one bit for each chunk and four bytes for each block beside the index, and what a PackRewriter holds.
 */
import type { Clock } from '../../shared/clock.js';
import { IntegrityError, invariant } from '../../shared/errors.js';
import type { PackId, SnapshotId } from '../codec/ids.js';
import type { PruneOutcome, PruneRequest, PruneUpdate, RunOptions } from '../engine.js';
import { type Generation, overtaken } from '../repository/generations.js';
import { chooseIndexes, indexIdIn, rewriteIndexes } from '../repository/index-rewriter.js';
import type { Lease } from '../repository/lease.js';
import type { SeenLease } from '../repository/lease-book.js';
import { Liveness, type PackLife } from '../repository/liveness.js';
import { PackRewriter } from '../repository/pack-rewriter.js';
import type { Repository } from '../repository/repository.js';
import { listSnapshotIds } from '../repository/snapshot-catalogue.js';
import { sweep } from '../repository/sweep.js';
import { type MarkDeps, markSnapshots, measureManifests } from './mark-snapshots.js';
import { Pacer } from './pacer.js';
import { type PrunePlan, planPrune } from './prune-plan.js';

/** What a clean-up works with. */
export interface PruneDeps {
  repository: Repository;
  clock: Clock;
}

/**
 * Runs one clean-up.
 * @throws CancelledError, StorageError; ConflictError when another clean-up is at work; IntegrityError when a backup
 *   cannot be read
 */
export async function runPrune(
  deps: PruneDeps,
  request: PruneRequest,
  options: RunOptions<PruneUpdate>,
): Promise<PruneOutcome> {
  invariant(request.dryRun || request.withoutSnapshots.length === 0, 'only a dry run leaves snapshots out');
  const kind = request.dryRun ? 'reader' : 'pruner';
  return deps.repository.withLease(kind, options.signal ? { signal: options.signal } : {}, (lease) =>
    new PruneRun(deps, request, options, lease).run(),
  );
}

/** What the marking found, and who was at work. */
interface Marked {
  snapshots: ReadonlySet<SnapshotId>;
  liveness: Liveness;
  packs: PackLife[];
  others: SeenLease[];
  /** In force all the time. */
  generation: Generation;
  /** Nobody relies on what the generation in force condemns. */
  maySweep: boolean;
}

class PruneRun {
  readonly #repository: Repository;
  readonly #request: PruneRequest;
  readonly #lease: Lease;
  readonly #options: RunOptions<PruneUpdate>;
  readonly #mark: MarkDeps;
  readonly #update: PruneUpdate = { processedBytes: 0, totalBytes: 0 };
  readonly #outcome: PruneOutcome = {
    reclaimedBytes: 0,
    usedBytes: 0,
    deadBytes: 0,
    removedPacks: 0,
    rewrittenPacks: 0,
    removedIndexes: 0,
  };
  #removedBytes = 0;
  #writtenBytes = 0;

  constructor(
    { repository, clock }: PruneDeps,
    request: PruneRequest,
    options: RunOptions<PruneUpdate>,
    lease: Lease,
  ) {
    this.#repository = repository;
    this.#request = request;
    this.#options = options;
    this.#lease = lease;
    this.#mark = {
      repository,
      pacer: new Pacer(clock, options.signal),
      onDone: (bytes) => this.#done(bytes),
      ...(options.signal && { signal: options.signal }),
    };
  }

  async run(): Promise<PruneOutcome> {
    this.#outcome.usedBytes = await this.#usedBytes();
    const marked = await this.#markAll();
    if (this.#request.dryRun) return this.#foretell(marked);
    await this.#repository.leases.removeLeftFences();
    if (isOpen(marked.generation)) {
      if (!marked.maySweep) return this.#wait(marked);
      await this.#sweep(marked.generation, neededOf(marked.packs));
    }
    await this.#condemn(marked);
    return this.#finish();
  }

  /** The order counts: generation, leases, snapshots, index, leases (docs/format.md §10.2). */
  async #markAll(): Promise<Marked> {
    const { generation } = this.#repository.indexLoader;
    const before = await this.#others();
    if (!this.#request.dryRun && before.some(({ kind }) => kind === 'pruner')) throw overtaken();
    const excluded = new Set(this.#request.withoutSnapshots);
    const listed = await listSnapshotIds(this.#repository.store);
    const snapshots = new Set(listed.filter((id) => !excluded.has(id)));
    await this.#loadIndex(generation);
    this.#update.totalBytes += await measureManifests(this.#mark, snapshots);
    const liveness = new Liveness(this.#repository.index);
    await markSnapshots(this.#mark, snapshots, liveness);
    const others = await this.#others();
    const maySweep =
      generation.isReadable &&
      before.every((other) => isDone(other, generation)) &&
      readsOf(others, snapshots);
    return { snapshots, liveness, packs: liveness.packs(), others, generation, maySweep };
  }

  /** @throws ConflictError when another clean-up went on meanwhile */
  async #loadIndex({ number }: Generation): Promise<void> {
    const { signal } = this.#options;
    await this.#repository.prepare(signal ? { signal } : {});
    if (this.#repository.indexLoader.generation.number !== number) throw overtaken();
  }

  /** Everybody else at work. */
  #others(): Promise<SeenLease[]> {
    const { leases } = this.#repository;
    return this.#request.dryRun ? leases.others(this.#lease) : leases.othersAlive(this.#lease);
  }

  /** Packs that may be given up: not those of somebody who has not named them yet. */
  #candidates({ packs, others, generation }: Marked): PackLife[] {
    const unindexed = new Set(this.#repository.indexLoader.unindexed);
    const hasWriters = others.some(({ kind }) => kind !== 'reader');
    return packs.filter(
      ({ id, isDead }) =>
        (!isDead || !generation.packs.has(id)) && // those were swept
        (!unindexed.has(id) || (isDead && !hasWriters)),
    );
  }

  /** Phase one, and phase two where nobody else is at work. */
  async #condemn(marked: Marked): Promise<void> {
    const repository = this.#repository;
    const { generation: swept } = marked;
    const plan = planPrune(this.#candidates(marked), this.#outcome.usedBytes - this.#removedBytes);
    const rewritten = await this.#rewrite(plan, marked.liveness);
    const { signal } = this.#options;
    const alive = new Set(marked.packs.filter(({ isDead }) => !isDead).map(({ id }) => id));
    await repository.indexLoader.adopt(() => repository.isAlone(this.#lease), {
      isWanted: (id) => alive.has(id),
      ...(signal && { signal }),
    });
    const going = new Set([...plan.dead, ...rewritten].map(({ id }) => id));
    const indexes = await this.#rewriteIndexes(going, alive);
    this.#outcome.deadBytes = plan.deadBytes;
    for (const pack of plan.rewritten)
      if (!rewritten.includes(pack)) this.#outcome.deadBytes += pack.deadBytes;
    this.#outcome.rewrittenPacks = rewritten.length;
    const condemned = { packs: [...going], indexes: indexes.map(indexIdIn) };
    if (going.size + indexes.length === 0 && !isOpen(swept) && swept.isReadable) return;
    const generation = await repository.generations.advance(swept, condemned);
    if (isOpen(generation)) await this.#sweepAtOnce(marked, generation);
  }

  /** @returns the packs whose living content is in others now */
  async #rewrite({ rewritten }: PrunePlan, liveness: Liveness): Promise<PackLife[]> {
    const { signal } = this.#options;
    const rewriter = new PackRewriter(this.#repository, liveness, signal ? { signal } : {});
    const copied: PackLife[] = [];
    this.#update.totalBytes += rewritten.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    try {
      for (const pack of rewritten) {
        try {
          await rewriter.copy(pack);
          copied.push(pack);
        } catch (error) {
          if (!(error instanceof IntegrityError)) throw error;
          this.#repository.onWarning(`Pack ${pack.id} is not rewritten: ${error.message}`);
        }
        this.#done(pack.sizeBytes);
      }
      await rewriter.finish();
    } finally {
      rewriter.close();
      this.#writtenBytes += rewriter.writtenBytes;
    }
    return copied;
  }

  /** @returns keys of the index objects that are given up, damaged ones too when nothing is known from packs alone */
  async #rewriteIndexes(going: ReadonlySet<PackId>, alive: ReadonlySet<PackId>): Promise<string[]> {
    const { indexLoader } = this.#repository;
    const isGoing = (id: PackId) => going.has(id) || indexLoader.lost.has(id);
    const chosen = chooseIndexes(indexLoader.objects, isGoing);
    const isHealed = ![...indexLoader.unindexed].some((id) => alive.has(id));
    for (const key of indexLoader.damaged) chosen.delete(key);
    this.#writtenBytes += await rewriteIndexes(this.#repository, chosen, isGoing, this.#options.signal);
    return [...chosen, ...(isHealed ? indexLoader.damaged : [])];
  }

  /** Phase two of what was condemned a moment ago. What was committed since is marked first. */
  async #sweepAtOnce({ snapshots }: Marked, generation: Generation): Promise<void> {
    const repository = this.#repository;
    const before = await this.#others();
    const listed = await listSnapshotIds(repository.store);
    await this.#loadIndex(generation);
    const liveness = new Liveness(repository.index);
    await markSnapshots(
      this.#mark,
      listed.filter((id) => !snapshots.has(id)),
      liveness,
    );
    const after = await this.#others();
    const maySweep = before.every((other) => isDone(other, generation)) && readsOf(after, new Set(listed));
    if (maySweep) {
      await this.#sweep(generation, neededOf(liveness.packs()));
      await repository.generations.advance(generation, { packs: [], indexes: [] });
    } else this.#outcome.deadBytes += this.#condemnedBytes(generation);
  }

  async #sweep(generation: Generation, needed: ReadonlySet<PackId>): Promise<void> {
    const swept = await sweep(this.#repository, generation, (id) => needed.has(id));
    this.#outcome.removedPacks += swept.packs;
    this.#outcome.removedIndexes += swept.indexes;
    this.#removedBytes += swept.bytes;
  }

  /** Somebody at work may still rely on what is condemned: to condemn more now would only put it off. */
  #wait({ packs }: Marked): PruneOutcome {
    this.#outcome.deadBytes = packs.reduce((sum, { deadBytes }) => sum + deadBytes, 0);
    return this.#finish();
  }

  #foretell(marked: Marked): PruneOutcome {
    const { indexLoader } = this.#repository;
    const plan = planPrune(this.#candidates(marked), this.#outcome.usedBytes);
    const going = new Set([...plan.dead, ...plan.rewritten].map(({ id }) => id));
    for (const { id, isDead } of marked.packs)
      if (isDead && indexLoader.generation.packs.has(id)) going.add(id);
    const packs = marked.packs.filter(({ id }) => going.has(id));
    this.#outcome.reclaimedBytes = packs.reduce((sum, { deadBytes }) => sum + deadBytes, 0);
    this.#outcome.deadBytes = plan.deadBytes;
    this.#outcome.removedPacks = going.size;
    this.#outcome.rewrittenPacks = plan.rewritten.length;
    this.#outcome.removedIndexes = chooseIndexes(indexLoader.objects, (id) => going.has(id)).size;
    return this.#finish();
  }

  #finish(): PruneOutcome {
    if (!this.#request.dryRun)
      this.#outcome.reclaimedBytes = Math.max(0, this.#removedBytes - this.#writtenBytes);
    this.#options.onProgress?.({ ...this.#update });
    return { ...this.#outcome };
  }

  #condemnedBytes(generation: Generation): number {
    let bytes = 0;
    for (const [id, sizeBytes] of this.#repository.index.packs())
      if (generation.packs.has(id)) bytes += sizeBytes;
    return bytes;
  }

  async #usedBytes(): Promise<number> {
    let bytes = 0;
    for (const folder of ['packs/', 'index/'])
      for await (const { sizeBytes } of this.#repository.store.list(folder)) bytes += sizeBytes;
    return bytes;
  }

  #done(bytes: number): void {
    this.#update.processedBytes += bytes;
    this.#update.totalBytes = Math.max(this.#update.totalBytes, this.#update.processedBytes);
    this.#options.onProgress?.({ ...this.#update });
  }
}

/** True when it condemns anything. */
function isOpen({ packs, indexes }: Generation): boolean {
  return packs.size + indexes.size > 0;
}

/** Rule 1: whoever holds the lease relies on nothing that the generation condemns. */
function isDone(other: SeenLease, generation: Generation): boolean {
  return other.generation >= generation.number;
}

/** Rule 3: everything that is being read was marked. */
function readsOf(others: readonly SeenLease[], snapshots: ReadonlySet<string>): boolean {
  return others.every(({ snapshot }) => snapshot === null || snapshots.has(snapshot));
}

/** Condemned packs, and such that no index object names, whose content is needed and in no other pack. */
function neededOf(packs: readonly PackLife[]): Set<PackId> {
  return new Set(packs.filter(({ isDead, isSecondary }) => isSecondary && !isDead).map(({ id }) => id));
}
