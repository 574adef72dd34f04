/** An engine over a till in memory, and requests for it. */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { type BackupRequest, LocalEngine, type RestoreRequest } from '../../src/engine/index.js';
import { type Clock, systemClock } from '../../src/shared/clock.js';
import type { Component } from '../../src/shared/component.js';
import { AppError, type ErrorCode } from '../../src/shared/errors.js';
import type { StartTimer } from '../../src/shared/timer.js';
import { MemoryStore } from '../../src/storage/memory-store.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { MemoryJournal } from './memory-journal.js';
import { MemorySource, MemoryTarget, type MemoryTree } from './memory-till.js';

/** Argon2 as cheap as it gets. */
export const CHEAP_KDF = { memoryKiB: 64, passes: 1, parallelism: 1 };
export const PASSPHRASE = 'a passphrase for tests';

export interface EngineTillOptions {
  store?: ObjectStore;
  clock?: Clock;
  random?: (length: number) => Buffer;
  /** Of leases; absent: `random`. */
  controlRandom?: (length: number) => Buffer;
  passphrase?: string;
  journal?: MemoryJournal;
  onWarning?: (message: string) => void;
  instanceId?: string;
  startTimer?: StartTimer;
}

export interface EngineTill {
  engine: LocalEngine;
  sources: Map<Component, MemorySource>;
  targets: Map<Component, MemoryTarget>;
  journal: MemoryJournal;
  /** What the engine warned of. */
  warnings: string[];
}

/** An engine that is not opened yet, with a source and an empty target for each component of `trees`. */
export function createEngineTill(
  trees: Partial<Record<Component, MemoryTree>>,
  options: EngineTillOptions = {},
): EngineTill {
  const entries = Object.entries(trees) as [Component, MemoryTree][];
  const sources = new Map(entries.map(([component, tree]) => [component, new MemorySource(component, tree)]));
  const targets = new Map(entries.map(([component]) => [component, new MemoryTarget(component)]));
  const warnings: string[] = [];
  const journal = options.journal ?? new MemoryJournal();
  const engine = new LocalEngine(
    {
      store: options.store ?? new MemoryStore(),
      clock: options.clock ?? systemClock,
      random: options.random ?? randomBytes,
      ...(options.controlRandom && { controlRandom: options.controlRandom }),
      onWarning: (message) => {
        warnings.push(message);
        options.onWarning?.(message);
      },
      ...(options.instanceId !== undefined && { instanceId: options.instanceId }),
      ...(options.startTimer && { startTimer: options.startTimer }),
      sources,
      createTargets: () => targets,
      journal,
    },
    { passphrase: options.passphrase ?? PASSPHRASE, kdfCost: CHEAP_KDF },
  );
  return { engine, sources, targets, journal, warnings };
}

export function backupRequest(backupId: string, changes: Partial<BackupRequest> = {}): BackupRequest {
  return {
    backupId,
    components: ['FILES'],
    encrypt: true,
    compress: true,
    compressionLevel: null,
    labels: {},
    ...changes,
  };
}

export function restoreRequest(snapshotId: string, changes: Partial<RestoreRequest> = {}): RestoreRequest {
  return {
    restoreId: 'r1',
    snapshotId,
    components: ['FILES'],
    overwrite: true,
    validateOnly: false,
    targetFolder: null,
    restorePoint: null,
    ...changes,
  };
}

/** Waits for the error that `work` ends with; fails when it ends without one, or with one that is no AppError. */
export async function errorFrom(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error, 'an error').to.be.instanceOf(AppError);
  return error as AppError;
}

/** Fails unless `work` ends with an error of one of `codes`. */
export async function expectCode(work: Promise<unknown>, ...codes: ErrorCode[]): Promise<AppError> {
  const error = await errorFrom(work);
  expect(codes, error.stack ?? error.message).to.include(error.code);
  return error;
}

/** Fails unless `restored` holds exactly what `tree` does. */
export function expectTree(restored: MemoryTree, tree: MemoryTree): void {
  expect([...restored.keys()].sort()).to.deep.equal([...tree.keys()].sort());
  for (const [path, entry] of tree) {
    const is = restored.get(path)!;
    expect(is.kind, path).to.equal(entry.kind);
    if (entry.kind === 'symlink' && is.kind === 'symlink')
      expect(is.target.equals(entry.target), path).to.equal(true);
    if (entry.kind === 'file' && is.kind === 'file')
      expect(is.content.equals(entry.content), path).to.equal(true);
  }
}
