/** Runs jobs over copies of one till and breaks them off, with a till program that keeps its database open. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import type { Component } from '../../src/shared/component.js';
import type { FaultPlan } from './fault-preload.js';
import type { FaultJob, FaultReport } from './fault-program.js';
import { digestRestored, digestTill, findLeftovers, PLACES, writeTill } from './fault-till.js';
import { makeFolder, removeFolder } from './till-folder.js';

const PROGRAM = fileURLToPath(new URL('./fault-program.js', import.meta.url));
const PRELOAD = pathToFileURL(fileURLToPath(new URL('./fault-preload.js', import.meta.url))).href;

/** A state of the till: one digest for each component. */
export type TillDigest = Record<Component, string>;

/** What is to go wrong, or nothing. */
export type Fault = Pick<FaultPlan, 'at' | 'kind'>;

/** Runs `job` over `folder`. @returns null when it was killed */
export async function runJob(
  folder: string,
  job: FaultJob,
  fault: Fault | null = null,
): Promise<FaultReport | null> {
  const plan: FaultPlan = { roots: [folder], at: 0, kind: 'kill', ...fault };
  const child = spawn(process.execPath, ['--import', PRELOAD, PROGRAM, folder, JSON.stringify(job)], {
    env: { TILLVAULT_FAULT: JSON.stringify(plan) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [printed, errors, [status, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, string | null]>,
  ]);
  if (signal === 'SIGKILL') return null;
  expect(status, errors).to.equal(0);
  return JSON.parse(printed) as FaultReport;
}

/** The till in state `old`, the backup of state `new` in its repository, and runs over copies of both. */
export class FaultBench {
  #run = 0;

  private constructor(
    readonly folder: string,
    readonly digests: { old: TillDigest; new: TillDigest },
    /** The snapshot of state `new`, backup `b-new`. */
    readonly snapshotId: string,
  ) {}

  static async make(journalMode: 'WAL' | 'DELETE' = 'WAL'): Promise<FaultBench> {
    const folder = await makeFolder();
    const base = join(folder, 'base');
    mkdirSync(join(base, PLACES.till), { recursive: true });
    writeTill(base, 'new', journalMode);
    const after = look(base);
    const report = await runJob(base, { kind: 'backup', backupId: 'b-new' });
    rmSync(join(base, PLACES.till), { recursive: true });
    mkdirSync(join(base, PLACES.till));
    writeTill(base, 'old', journalMode);
    const before = look(base);
    return new FaultBench(folder, { old: before, new: after }, report!.snapshots['b-new']!);
  }

  /** A copy of the till and its repository, with the till's program at work: its connection is open. */
  open(): FaultRun {
    this.#run += 1;
    const folder = join(this.folder, `run-${this.#run}`);
    execFileSync('cp', ['-a', join(this.folder, 'base'), folder]); // times of links too, which fs.cp does not keep
    return new FaultRun(folder, this);
  }

  async close(): Promise<void> {
    await removeFolder(this.folder);
  }
}

/** One copy. */
export class FaultRun {
  readonly pos: DatabaseSync;
  readonly #read;

  constructor(
    readonly folder: string,
    readonly bench: FaultBench,
  ) {
    this.pos = new DatabaseSync(join(folder, PLACES.database), { timeout: 20_000 });
    this.#read = this.pos.prepare('SELECT count(*) AS sales FROM sale');
    this.#read.get();
  }

  /** `old` or `new` when every component is in that state, as the till's open connection sees it; else what is what. */
  state(): string {
    expect(this.#read.get()).to.include({ sales: 3000 });
    expect(this.pos.prepare('PRAGMA integrity_check').get()).to.include({ integrity_check: 'ok' });
    const found = digestTill(this.folder, this.pos);
    const { old, new: after } = this.bench.digests;
    const states = (Object.keys(found) as Component[]).map((component) => {
      if (found[component] === old[component]) return 'old';
      return found[component] === after[component] ? 'new' : `${component} is neither`;
    });
    return [...new Set(states)].join(' and ');
  }

  /** Fails unless nothing temporary is left. */
  expectClean(): void {
    expect(findLeftovers(this.folder)).to.deep.equal([]);
  }

  /** Fails unless backup `b-new` comes back byte by byte. */
  async expectBackup(snapshotId = this.bench.snapshotId, digest = this.bench.digests.new): Promise<void> {
    const targetFolder = join(this.folder, `restored-${snapshotId.slice(0, 8)}`);
    const report = await runJob(this.folder, {
      kind: 'restore',
      restoreId: 'check',
      snapshotId,
      targetFolder,
    });
    expect(report?.message).to.equal('');
    expect(digestRestored(targetFolder)).to.deep.equal(digest);
  }

  close(): void {
    this.pos.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function look(folder: string): TillDigest {
  const database = new DatabaseSync(join(folder, PLACES.database));
  const digest = digestTill(folder, database);
  database.close();
  return digest;
}
