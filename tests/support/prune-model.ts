/**
 * Four servers at work on one storage, each with an engine of its own: backups, verifications, restores, deletions and
 * clean-ups, interleaved call by call at random, while processes die, stand still, and see their clocks jump.
 */
import { expect } from 'chai';
import type { LocalEngine } from '../../src/engine/index.js';
import { openOrCreateHead } from '../../src/engine/repository/repository-head.js';
import type { Clock } from '../../src/shared/clock.js';
import { AppError } from '../../src/shared/errors.js';
import type { StartTimer } from '../../src/shared/timer.js';
import { backupRequest, CHEAP_KDF, createEngineTill, PASSPHRASE, restoreRequest } from './engine-till.js';
import type { MemoryTree } from './memory-till.js';
import { createSeededBytes, createSeededIntegers } from './seeded-random.js';
import { SteppedStorage, settle, type WaitingCall } from './stepped-store.js';
import { StorageOracle } from './storage-oracle.js';

const SERVERS = 4;
const OPERATIONS_AT_A_TIME = 2;
const PRUNES_AT_A_TIME = 2;
const FILES = 6;
/** Few contents, so that what was deleted comes back all the time. */
const CONTENTS = 40;
const MAX_SNAPSHOTS = 12;
const HOUR_MS = 3_600_000;
const STALE_MS = 16 * 60_000;
const START_MS = Date.parse('2026-03-01T10:00:00Z');

const PRUNE = { dryRun: false, withoutSnapshots: [] };

/** What an operation may end with, beside success. */
const ALLOWED = new Set(['NOT_FOUND', 'INTERRUPTED', 'CONFLICT']);

interface Server {
  process: number;
  instanceId: string;
  engine: LocalEngine;
  tree: MemoryTree;
  running: Set<Promise<void>>;
  prunes: number;
  beats: Set<() => void>;
  /** Steps for which it stands still. */
  stalledSteps: number;
  clock: Clock & { jump: (ms: number) => void; pass: (ms: number) => void };
}

/** How often what happened. */
export interface PruneModelCounts {
  operations: Record<string, number>;
  steps: number;
  deaths: number;
  ends: Record<string, number>;
  removedPacks: number;
}

export class PruneModel {
  readonly counts: PruneModelCounts = { operations: {}, steps: 0, deaths: 0, ends: {}, removedPacks: 0 };
  readonly #seed: string;
  readonly #random: (limit: number) => number;
  readonly #contents: Buffer[];
  readonly #servers: Server[] = [];
  #storage!: SteppedStorage;
  #oracle!: StorageOracle;
  #processes = 0;
  #stepping = 'nothing';

  private constructor(seed: string) {
    this.#seed = seed;
    this.#random = createSeededIntegers(seed);
    const bytes = createSeededBytes(`${seed} contents`);
    this.#contents = Array.from({ length: CONTENTS }, () => bytes(50 + this.#random(2_000)));
  }

  static async make(seed: string): Promise<PruneModel> {
    const model = new PruneModel(seed);
    model.#storage = new SteppedStorage({
      onPut: (key, bytes) => model.#oracle?.put(key, bytes, model.#stepping),
      onDelete: (key) => model.#oracle?.delete(key, model.#stepping),
    });
    model.#storage.isDirect = true;
    const head = {
      store: model.#storage.open(-1),
      clock: model.#createClock(),
      random: createSeededBytes(`${seed} head`),
    };
    const keys = await openOrCreateHead(head, {
      passphrase: PASSPHRASE,
      kdfCost: CHEAP_KDF,
      mayCreate: true,
    });
    model.#oracle = new StorageOracle(keys);
    for (let at = 0; at < SERVERS; at++) model.#servers.push(await model.#start());
    model.#storage.isDirect = false;
    return model;
  }

  /** Runs `count` operations to their ends. Fails as soon as a chunk is lost. */
  async run(count: number): Promise<void> {
    let begun = 0;
    while (begun < count || this.#isBusy) {
      if (begun < count && this.#random(6) === 0) {
        const server = this.#pick(this.#servers);
        if (server.running.size < OPERATIONS_AT_A_TIME) {
          this.#begin(server);
          begun++;
          await settle();
        }
      }
      await this.#disturb();
      await this.#step();
      await this.#oracle.settle();
      if (this.#oracle.failure) throw new Error(`${this.#where}\n${this.#oracle.failure}`);
    }
  }

  /** Two clean-ups with nobody else at work: what is dead is gone, and every backup is whole. */
  async expectCleanAfterTwoRounds(): Promise<void> {
    this.#storage.isDirect = true;
    const [server] = this.#servers;
    await server!.engine.prune(PRUNE, {}).catch(toleratePruner); // sees the leases of the dead
    for (let round = 0; round < 2; round++) {
      server!.clock.pass(STALE_MS);
      await server!.engine.prune(PRUNE, {});
    }
    const { usedBytes, deadBytes } = await server!.engine.prune({ ...PRUNE, dryRun: true }, {});
    expect(deadBytes, this.#where).to.be.at.most(usedBytes * 0.05);
    await this.#oracle.settle();
    expect(this.#oracle.deadBytes(), this.#where).to.be.at.most(usedBytes * 0.05);
    const warnings: string[] = [];
    const fresh = await this.#start((message) => warnings.push(message));
    const listed = await fresh.engine.listSnapshots();
    expect(listed.length).to.equal(this.#oracle.snapshots.length);
    for (const { snapshotId } of listed) {
      const outcome = await fresh.engine.verify({ snapshotId }, {});
      expect(outcome.damagedFiles, this.#where).to.equal(0);
    }
    expect(warnings, this.#where).to.deep.equal([]);
    const left = [...this.#storage.objects.keys()].filter((key) => key.startsWith('leases/'));
    expect(left, this.#where).to.deep.equal([]);
  }

  get #where(): string {
    return `seed "${this.#seed}", step ${this.counts.steps}: ${this.#stepping}`;
  }

  get #prunes(): number {
    return this.#servers.reduce((sum, { prunes }) => sum + prunes, 0);
  }

  get #isBusy(): boolean {
    return this.#servers.some(({ running }) => running.size > 0);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random(items.length)]!;
  }

  async #start(onWarning?: (message: string) => void, instanceId?: string): Promise<Server> {
    const process = this.#processes++;
    const beats = new Set<() => void>();
    const startTimer: StartTimer = (_, task) => {
      beats.add(task);
      return () => void beats.delete(task);
    };
    const tree: MemoryTree = new Map();
    const clock = this.#createClock();
    const name = instanceId ?? process.toString(16).padStart(32, '0');
    const { engine } = createEngineTill(
      { FILES: tree },
      {
        store: this.#storage.open(process),
        clock,
        startTimer,
        instanceId: name,
        random: createSeededBytes(`${this.#seed} ${process}`),
        ...(onWarning && { onWarning }),
      },
    );
    const wasDirect = this.#storage.isDirect;
    this.#storage.isDirect = true;
    await engine.open({ mayCreate: false });
    this.#storage.isDirect = wasDirect;
    return {
      process,
      instanceId: name,
      engine,
      tree,
      running: new Set(),
      prunes: 0,
      beats,
      stalledSteps: 0,
      clock,
    };
  }

  #createClock(): Server['clock'] {
    let nowMs = START_MS;
    let monotonicMs = 0;
    return {
      now: () => new Date(nowMs),
      monotonicMs: () => monotonicMs,
      jump: (ms) => {
        nowMs += ms;
      },
      pass: (ms) => {
        monotonicMs += ms;
      },
    };
  }

  /** Begins an operation that nobody waits for but `run`. */
  #begin(server: Server): void {
    const snapshots = this.#oracle.snapshots.map((key) => key.slice('snapshots/'.length));
    const dice = snapshots.length > MAX_SNAPSHOTS ? 95 : this.#random(100);
    if (snapshots.length === 0 || dice < 40) {
      for (let at = this.#random(4); at >= 0; at--) {
        const content = this.#pick(this.#contents);
        server.tree.set(`file ${this.#random(FILES)}`, { kind: 'file', content });
      }
      const request = backupRequest('b', { compress: false, encrypt: this.#random(5) > 0 });
      this.#follow(server, 'backup', server.engine.backup(request, {}));
      return;
    }
    const snapshotId = this.#pick(snapshots);
    const request = restoreRequest(snapshotId, { validateOnly: true });
    if (dice < 55) this.#follow(server, 'verify', this.#verify(server, snapshotId));
    else if (dice < 65) this.#follow(server, 'restore', server.engine.restore(request, {}));
    else if (dice < 80 && this.#prunes < PRUNES_AT_A_TIME)
      this.#follow(server, 'prune', server.engine.prune(PRUNE, {}));
    else this.#follow(server, 'delete', server.engine.deleteSnapshot(snapshotId));
  }

  async #verify(server: Server, snapshotId: string): Promise<void> {
    const { damaged } = await server.engine.verify({ snapshotId }, {});
    if (damaged.length > 0) throw new Error(`Verify found ${damaged[0]!.path}: ${damaged[0]!.reason}`);
  }

  #follow(server: Server, kind: string, work: Promise<unknown>): void {
    count(this.counts.operations, kind);
    if (kind === 'prune') server.prunes++;
    const followed = work
      .then(
        (outcome) => {
          count(this.counts.ends, `${kind} done`);
          if (kind === 'prune')
            this.counts.removedPacks += (outcome as { removedPacks: number }).removedPacks;
        },
        (error: unknown) => {
          if (!(error instanceof AppError && ALLOWED.has(error.code))) {
            const trace = error instanceof Error ? `${error.stack}\n${String(error.cause)}` : String(error);
            this.#oracle.failure ??= `${kind} failed: ${trace}`;
          } else count(this.counts.ends, `${kind} ${error.code}`);
        },
      )
      .finally(() => {
        server.running.delete(followed);
        if (kind === 'prune') server.prunes--;
      });
    server.running.add(followed);
  }

  /** Now and then something happens to a process. */
  async #disturb(): Promise<void> {
    const server = this.#pick(this.#servers);
    const dice = this.#random(4_000);
    server.clock.pass(this.#random(50));
    if (dice === 0) await this.#kill(server);
    else if (dice < 8) server.stalledSteps = this.#random(600);
    else if (dice < 20) server.clock.jump((this.#random(97) - 48) * HOUR_MS);
    else if (dice < 50) for (const { clock } of this.#servers) clock.pass(STALE_MS);
    else if (dice < 400) {
      for (const beat of server.beats) beat();
      await settle();
    }
  }

  async #kill(server: Server): Promise<void> {
    this.counts.deaths++;
    this.#stepping = `death of process ${server.process}`;
    this.#storage.kill(server.process, () => this.#random(2) === 0);
    const at = this.#servers.indexOf(server);
    const instanceId = this.#random(2) === 0 ? server.instanceId : undefined;
    this.#servers[at] = await this.#start(undefined, instanceId);
  }

  async #step(): Promise<void> {
    for (const server of this.#servers) if (server.stalledSteps > 0) server.stalledSteps--;
    const stalled = new Set(
      this.#servers.filter(({ stalledSteps }) => stalledSteps > 0).map(({ process }) => process),
    );
    const calls: WaitingCall[] = this.#storage.waiting.filter(({ process }) => !stalled.has(process));
    if (calls.length === 0) return;
    const call = this.#pick(calls);
    this.counts.steps++;
    this.#stepping = `process ${call.process}: ${call.name}`;
    await this.#storage.step(call);
  }
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

function toleratePruner(error: unknown): void {
  if (!(error instanceof AppError && error.code === 'CONFLICT')) throw error;
}
